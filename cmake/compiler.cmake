# How every translation unit of the project is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # With paths below the source folder taken as relative, every clone of the repository shares what
  # another one has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# mold links the 80 MB DuckDB archive in about a second; the default linker takes ten.
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(lakeward_flags INTERFACE)
target_include_directories(lakeward_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(lakeward_flags INTERFACE -Wall -Wextra -Wpedantic)
# A compiler that came after these may warn of more: a user's build is not to fail for that.
if((CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13) OR
   (CMAKE_CXX_COMPILER_ID STREQUAL Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15))
  set(warnings_are_errors ON)
else()
  set(warnings_are_errors OFF)
endif()
option(LAKEWARD_WERROR "Treat warnings as errors" ${warnings_are_errors})
if(LAKEWARD_WERROR)
  target_compile_options(lakeward_flags INTERFACE -Werror)
endif()
# GCC 12 sees overlaps in std::string's own operator+ that are not there (GCC bug 105651).
target_compile_options(lakeward_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

option(LAKEWARD_ASAN "Address and undefined-behaviour sanitizers" OFF)
option(LAKEWARD_TSAN "Thread sanitizer" OFF)
if(LAKEWARD_ASAN)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(LAKEWARD_TSAN)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
