# Debian's clang 19 with its WebAssembly libraries (clang-19 lld-19 wasi-libc libc++-19-dev-wasm32
# libclang-rt-19-dev-wasm32). No archiver comes with them, and none is needed.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_WORKS TRUE)
set(CMAKE_CXX_FLAGS_INIT "-stdlib=libc++")
