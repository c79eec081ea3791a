# Finds librdkafka: the static archive in LAKEWARD_DEPS (where tools/setup puts it), or the
# librdkafka that the system has. Defines RdKafka::rdkafka.
#
# The archive also holds the OpenSSL, libcurl, zlib and zstd that librdkafka was built with. They
# must not meet the system's own, which other parts of Lakeward use: so the archive is linked once
# into one object of which only the rd_kafka_… symbols can be seen.
set(LAKEWARD_DEPS "$ENV{LAKEWARD_DEPS}" CACHE PATH "Folder of the pinned archives")
if(NOT LAKEWARD_DEPS)
  set(LAKEWARD_DEPS "$ENV{HOME}/.cache/lakeward")
endif()
set(rdkafka_dir ${LAKEWARD_DEPS}/librdkafka-2.11.1)

find_path(RdKafka_INCLUDE_DIR NAMES rdkafka.h PATHS ${rdkafka_dir} PATH_SUFFIXES librdkafka)
find_library(RdKafka_LIBRARY
  NAMES librdkafka_glibc_linux_amd64.a librdkafka_glibc_linux_arm64.a rdkafka PATHS ${rdkafka_dir})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RdKafka
  REQUIRED_VARS RdKafka_LIBRARY RdKafka_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run tools/setup, which fetches it, or install librdkafka-dev")

# Makes `isolated`, an object of the archive's librdkafka that shows only rd_kafka_… symbols.
function(rdkafka_isolate archive isolated)
  execute_process(COMMAND ${CMAKE_NM} --defined-only ${archive}
    OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL " T rd_kafka_[A-Za-z0-9_]+" symbols "${symbols}")
  list(REMOVE_DUPLICATES symbols)
  list(TRANSFORM symbols REPLACE "^ T " "--undefined=")
  list(JOIN symbols "\n" symbols)
  file(WRITE ${isolated}.symbols "${symbols}\n")
  execute_process(COMMAND ${CMAKE_LINKER} -r -o ${isolated}.part @${isolated}.symbols ${archive}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=rd_kafka_* --strip-debug
      ${isolated}.part ${isolated}
    COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE ${isolated}.part ${isolated}.symbols)
endfunction()

if(RdKafka_FOUND AND NOT TARGET RdKafka::rdkafka)
  add_library(RdKafka::rdkafka INTERFACE IMPORTED)
  target_include_directories(RdKafka::rdkafka SYSTEM INTERFACE ${RdKafka_INCLUDE_DIR})
  if(RdKafka_LIBRARY MATCHES "\\.a$")
    set(rdkafka_object ${CMAKE_BINARY_DIR}/librdkafka-2.11.1.o)
    if(NOT EXISTS ${rdkafka_object})
      rdkafka_isolate(${RdKafka_LIBRARY} ${rdkafka_object})
    endif()
    target_link_libraries(RdKafka::rdkafka INTERFACE
      ${rdkafka_object} ${CMAKE_DL_LIBS} Threads::Threads m)
  else()
    target_link_libraries(RdKafka::rdkafka INTERFACE ${RdKafka_LIBRARY})
  endif()
endif()
