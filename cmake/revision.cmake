# SPDX-License-Identifier: MIT
# Run at each build: writes OUTPUT with the revision of SOURCE ("0123456789ab", "0123456789ab+changes",
# or "" where there is no git or no history), and touches it only when that has changed.
set(revision "")
if(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env GIT_OPTIONAL_LOCKS=0
            ${GIT} -C ${SOURCE} describe --always --abbrev=12 --exclude=* --dirty=+changes
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR NOT revision MATCHES "^[0-9a-f]+(\\+changes)?$")
    set(revision "")
  endif()
endif()
set(text "/* SPDX-License-Identifier: MIT */\n#define RPYCBENCH_REVISION \"${revision}\"\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
