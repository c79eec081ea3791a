# Finds DuckDB's static archives and C header: in LAKEWARD_DEPS (where tools/setup puts them),
# or a libduckdb that the system has. Defines DuckDB::duckdb.
set(LAKEWARD_DEPS "$ENV{LAKEWARD_DEPS}" CACHE PATH "Folder of the pinned archives")
if(NOT LAKEWARD_DEPS)
  set(LAKEWARD_DEPS "$ENV{HOME}/.cache/lakeward")
endif()
set(duckdb_dir ${LAKEWARD_DEPS}/duckdb-1.5.5)

find_path(DuckDB_INCLUDE_DIR duckdb.h PATHS ${duckdb_dir})
find_library(DuckDB_LIBRARY NAMES libduckdb_static.a duckdb PATHS ${duckdb_dir})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB
  REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run tools/setup, which fetches it")

if(DuckDB_FOUND AND NOT TARGET DuckDB::duckdb)
  add_library(DuckDB::duckdb INTERFACE IMPORTED)
  target_include_directories(DuckDB::duckdb SYSTEM INTERFACE ${DuckDB_INCLUDE_DIR})
  if(DuckDB_LIBRARY MATCHES "\\.a$")
    get_filename_component(duckdb_lib_dir ${DuckDB_LIBRARY} DIRECTORY)
    file(GLOB duckdb_archives ${duckdb_lib_dir}/lib*.a)
    target_link_libraries(DuckDB::duckdb INTERFACE
      -Wl,--start-group ${duckdb_archives} -Wl,--end-group ${CMAKE_DL_LIBS} m)
  else()
    target_link_libraries(DuckDB::duckdb INTERFACE ${DuckDB_LIBRARY})
  endif()
endif()
