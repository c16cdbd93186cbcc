# The page: dashboard/dist/live, which a gateway serves, and dashboard/dist/netscope.html, which opens from anywhere.
# Target netscope_page; part of every build with -DNETSCOPE_PAGE=ON. It needs npm and the core for the browser.
find_program(NETSCOPE_NPM npm)
if(NOT NETSCOPE_NPM OR NOT TARGET netscope_wasm)
  set(NETSCOPE_PAGE_MISSING "npm, or the core for the browser,")
  if(NETSCOPE_PAGE)
    message(WARNING "The page is not built: ${NETSCOPE_PAGE_MISSING} is missing")
  endif()
  return()
endif()

set(page_modules ${CMAKE_CURRENT_SOURCE_DIR}/node_modules/.package-lock.json)
add_custom_command(
  OUTPUT ${page_modules}
  COMMAND ./fetch_modules.sh
  DEPENDS package-lock.json fetch_modules.sh
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Fetching what the page is built with"
  VERBATIM)

file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS src/*)
set(page_core ${CMAKE_BINARY_DIR}/wasm-core/netscope.wasm)
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_SOURCE_DIR}/dist/netscope.html ${CMAKE_CURRENT_SOURCE_DIR}/dist/live/index.html
  COMMAND ${CMAKE_COMMAND} -E env NETSCOPE_WASM=${page_core} ${NETSCOPE_NPM} run build
  DEPENDS ${page_modules} ${page_sources} index.html vite.config.ts tsconfig.json wasm/core.mjs
          ${CMAKE_SOURCE_DIR}/tests/golden/home.pcap netscope_wasm ${page_core}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the page"
  VERBATIM)
if(NETSCOPE_PAGE)
  set(page_in_all ALL)
endif()
add_custom_target(netscope_page ${page_in_all} DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/dist/netscope.html)
