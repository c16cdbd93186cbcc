# The names that were found in the corpus, against its answer key: -DPYTHON=... -DCORPUS=... -DFLOWS=...
if(NOT EXISTS ${CORPUS}/score.py)
  message("skipped: the corpus of real captures does not lie beside the project")
  return()
endif()
# One right name counts against tls: a hello behind CONNECT, of a capture that lost the proxy's answer, which the key lacks.
execute_process(
  COMMAND ${PYTHON} ${CORPUS}/score.py --oracle ${CORPUS}/oracle.tsv --flows ${FLOWS}
          --require tls=0.998,quic=0.998,http=0.99,dns=0.99 --require-precision tls=0.998,quic=1,http=0.998,dns=0.995
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "too few of the names were found, or too many that are none")
endif()
