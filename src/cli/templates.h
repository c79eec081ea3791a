// The projects that `lakeward init` makes: files of examples/ and src/cli/templates/, embedded into
// the binary by cmake/embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace lakeward::cli {

struct TemplateFile {
  std::string_view name;  // of the template
  std::string_view path;  // within the project, with '/'
  std::string_view content;
};

// In order of template.
std::span<const TemplateFile> template_files();

}  // namespace lakeward::cli
