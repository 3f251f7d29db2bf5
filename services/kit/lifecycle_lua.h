/* lifecycle_lua: the Lua library as bytes, put together by the build (lifecycle.cmake). */
#ifndef HANSOM_KIT_LIFECYCLE_LUA_H
#define HANSOM_KIT_LIFECYCLE_LUA_H

#include <stddef.h>

extern const char lifecycle_lua[]; /* not NUL-terminated */
extern const size_t lifecycle_lua_len;
extern const int lifecycle_revision;

#endif
