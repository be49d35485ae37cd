# SPDX-License-Identifier: MIT
# Compiler flags, carried by one interface library so that nothing is global.
add_library(bench_flags INTERFACE)
target_compile_definitions(bench_flags INTERFACE _GNU_SOURCE
  RPYCBENCH_VERSION="${PROJECT_VERSION}"
  RPYCBENCH_BUILD_TYPE="${CMAKE_BUILD_TYPE}"
  RPYCBENCH_SANITIZERS="${RPYCBENCH_SANITIZE}")
target_include_directories(bench_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
target_compile_options(bench_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
  -Wcast-qual -Wwrite-strings -Wconversion -fno-common -g -fstack-protector-strong)
if(RPYCBENCH_WERROR)
  target_compile_options(bench_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_C_FLAGS_RELEASE "-O2")
  target_compile_definitions(bench_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(RPYCBENCH_SANITIZE)
  target_compile_options(bench_flags INTERFACE -fsanitize=${RPYCBENCH_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(bench_flags INTERFACE -fsanitize=${RPYCBENCH_SANITIZE})
endif()
if(RPYCBENCH_COVERAGE)
  target_compile_options(bench_flags INTERFACE --coverage)
  target_link_options(bench_flags INTERFACE --coverage)
endif()
