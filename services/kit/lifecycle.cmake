# The lifecycle library: keys.def and core/ride_state.def become Lua tables, the parts of
# lifecycle/ follow in this order, and the whole becomes one C array. Raise the revision with any
# change of the Lua text: a store that holds an older revision gets this one at the next start of
# a service. Raise the ABI (the _v1 of every name) when arguments or replies change.
set(HANSOM_LIFECYCLE_REVISION 19)
set(_parts prologue records abuse ride_match ride_answer ride_swap ride_drive driver timers ride_watch
    streams history profile projection tokens reconcile epilogue)

if(CMAKE_SCRIPT_MODE_FILE)
  set(_lua "#!lua name=hansom_v1\n-- revision ${HANSOM_LIFECYCLE_REVISION}\nlocal REVISION = '${HANSOM_LIFECYCLE_REVISION}'\n")

  string(APPEND _lua "local K = {}\n")
  file(STRINGS ${DIR}/keys.def _lines REGEX "^KEY\\(")
  foreach(_line IN LISTS _lines)
    string(REGEX MATCH "^KEY\\(([A-Z_]+), \"([^\"]+)\"" _ "${_line}")
    set(_name ${CMAKE_MATCH_1})
    set(_text "'${CMAKE_MATCH_2}'")
    string(REPLACE "%r" "' .. r .. '" _text "${_text}")
    foreach(_arg a b)
      string(FIND "${_text}" "%s" _at)
      if(_at GREATER -1)
        string(SUBSTRING "${_text}" 0 ${_at} _head)
        math(EXPR _at "${_at} + 2")
        string(SUBSTRING "${_text}" ${_at} -1 _tail)
        set(_text "${_head}' .. ${_arg} .. '${_tail}")
      endif()
    endforeach()
    string(REPLACE " .. ''" "" _text "${_text}")
    string(APPEND _lua "function K.${_name}(r, a, b) return ${_text} end\n")
  endforeach()

  set(_def ${DIR}/core/ride_state.def)
  string(APPEND _lua "local L = {}\n")
  file(STRINGS ${_def} _lines REGEX "^RIDE_LIMIT\\(")
  foreach(_line IN LISTS _lines)
    string(REGEX MATCH "^RIDE_LIMIT\\(([A-Z_]+), ([0-9]+)\\)" _ "${_line}")
    string(APPEND _lua "L.${CMAKE_MATCH_1} = ${CMAKE_MATCH_2}\n")
  endforeach()
  foreach(_who RIDE DRIVER)
    string(APPEND _lua "local ${_who} = {}\n")
    file(STRINGS ${_def} _lines REGEX "^${_who}_EVENT\\(")
    foreach(_line IN LISTS _lines)
      string(REGEX MATCH "\"([a-z_]+)\"" _ "${_line}")
      string(APPEND _lua "${_who}['${CMAKE_MATCH_1}'] = {}\n")
    endforeach()
    file(STRINGS ${_def} _lines REGEX "^${_who}_MOVE\\(")
    foreach(_line IN LISTS _lines)
      string(TOLOWER "${_line}" _line)
      string(REGEX MATCH "\\(([a-z_]+), ([a-z_]+), ([a-z_]+)\\)" _ "${_line}")
      string(APPEND _lua "${_who}['${CMAKE_MATCH_2}']['${CMAKE_MATCH_1}'] = '${CMAKE_MATCH_3}'\n")
    endforeach()
  endforeach()

  foreach(_part ${_parts})
    file(READ ${DIR}/lifecycle/${_part}.lua _text)
    string(APPEND _lua "\n${_text}")
  endforeach()
  file(WRITE ${OUT}/lifecycle.lua "${_lua}")

  # As bytes: a string literal of this length is more than compilers must take.
  file(READ ${OUT}/lifecycle.lua _hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," _bytes "${_hex}")
  set(_b "0x..,0x..,0x..,0x..,")
  string(REGEX REPLACE "(${_b}${_b}${_b}${_b})" "\\1\n" _bytes "${_bytes}")
  file(WRITE ${OUT}/lifecycle_lua.c
    "#include \"services/kit/lifecycle_lua.h\"\n\nconst int lifecycle_revision = ${HANSOM_LIFECYCLE_REVISION};\n"
    "const char lifecycle_lua[] = {\n${_bytes}\n};\nconst size_t lifecycle_lua_len = sizeof lifecycle_lua;\n")
  return()
endif()

set(_out ${PROJECT_BINARY_DIR}/generated/services/kit)
set(_part_files ${_parts})
list(TRANSFORM _part_files PREPEND ${CMAKE_CURRENT_LIST_DIR}/lifecycle/)
list(TRANSFORM _part_files APPEND .lua)
file(MAKE_DIRECTORY ${_out})
add_custom_command(
  OUTPUT ${_out}/lifecycle_lua.c ${_out}/lifecycle.lua
  COMMAND ${CMAKE_COMMAND} -DDIR=${CMAKE_CURRENT_LIST_DIR} -DOUT=${_out} -P ${CMAKE_CURRENT_LIST_DIR}/lifecycle.cmake
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/lifecycle.cmake ${CMAKE_CURRENT_LIST_DIR}/keys.def
          ${CMAKE_CURRENT_LIST_DIR}/core/ride_state.def ${_part_files}
  COMMENT "Putting the lifecycle library together" VERBATIM)
target_sources(kit PRIVATE ${_out}/lifecycle_lua.c)
set(HANSOM_LIFECYCLE_LUA ${_out}/lifecycle.lua CACHE INTERNAL "the library as one file, for tests")
