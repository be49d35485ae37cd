# SPDX-License-Identifier: MIT
# A room is a folder of .c files, built as an object library bench_<name>: nothing of it is dropped
# by the linker, so that a plug-in finds every symbol of the contract in the program.
function(bench_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "DEPS;EXCLUDE" ${ARGN})
  if(NOT ROOM_FOLDER)
    set(ROOM_FOLDER ${PROJECT_SOURCE_DIR}/${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${ROOM_FOLDER}/*.c)
  foreach(file ${ROOM_EXCLUDE})
    list(REMOVE_ITEM sources ${ROOM_FOLDER}/${file})
  endforeach()
  add_library(bench_${name} OBJECT ${sources})
  target_link_libraries(bench_${name} PUBLIC bench_flags ${ROOM_DEPS} Threads::Threads m ${CMAKE_DL_LIBS})
endfunction()
