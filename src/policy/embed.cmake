# Turns a text file into a C++ raw string literal's pieces: -DIN=file -DOUT=file. Pieces, because compilers limit one
# literal's length; the compiler joins them.
file(READ ${IN} text)
string(LENGTH "${text}" length)
set(out "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND out "R\"~~(${piece})~~\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUT} "${out}")
