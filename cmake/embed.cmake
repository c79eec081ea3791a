# lakeward_embed(OUT NAME=FOLDER...) writes the sources of a table of the folders' files, by name,
# for src/cli/templates.h. The files enter the binary through the assembler's .incbin, so a change of
# a file builds again what holds it, and nothing is copied.
function(lakeward_embed out)
  set(assembly "")
  set(table "")
  set(count 0)
  set(all_files "")
  foreach(item ${ARGN})
    string(REGEX MATCH "^([^=]+)=(.*)$" matched ${item})
    set(template ${CMAKE_MATCH_1})
    set(folder ${CMAKE_MATCH_2})
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*)
    list(FILTER files EXCLUDE REGEX "^(lake|checkpoints|output)/|/\\.|^\\.[^g]|\\.tmp$")
    foreach(file ${files})
      string(APPEND assembly
        "__asm__(\".section .rodata\\n\"\n"
        "        \"lakeward_embedded_${count}:\\n.incbin \\\"${folder}/${file}\\\"\\n\"\n"
        "        \"lakeward_embedded_${count}_end:\\n.byte 0\\n.text\\n\");\n"
        "extern \"C\" const char lakeward_embedded_${count}[];\n"
        "extern \"C\" const char lakeward_embedded_${count}_end[];\n")
      string(APPEND table
        "      {\"${template}\", \"${file}\", {lakeward_embedded_${count},"
        " size_t(lakeward_embedded_${count}_end - lakeward_embedded_${count})}},\n")
      list(APPEND all_files ${folder}/${file})
      math(EXPR count "${count} + 1")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"// Made by cmake/embed.cmake.
#include \"cli/templates.h\"

${assembly}
namespace lakeward::cli {

std::span<const TemplateFile> template_files() {
  static const TemplateFile files[] = {
${table}  };
  return files;
}

}  // namespace lakeward::cli
")
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${all_files}")
endfunction()
