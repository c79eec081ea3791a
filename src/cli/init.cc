#include <fstream>
#include <iostream>

#include "base/suggest.h"
#include "cli/json_output.h"
#include "cli/templates.h"
#include "cli/verbs.h"

namespace lakeward::cli {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string folder;
  std::string name = "empty";
};

std::vector<std::string> template_names() {
  std::vector<std::string> names;
  for (const TemplateFile& file : template_files()) {
    if (names.empty() || names.back() != file.name) names.emplace_back(file.name);
  }
  return names;
}

// Nothing of the user's is ever overwritten.
Status check_target(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) return ok_status();
  if (error) return io_error("'" + folder.string() + "': " + error.message());
  if (!fs::is_directory(status)) {
    return invalid_argument("'" + folder.string() + "' is a file; name a folder");
  }
  const bool empty = fs::is_empty(folder, error);
  if (error) return io_error("'" + folder.string() + "': " + error.message());
  if (!empty) {
    return invalid_argument("'" + folder.string() +
                            "' is not empty; name a folder that is, or a new one");
  }
  return ok_status();
}

Status write_file(const fs::path& path, std::string_view content) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    return io_error("cannot make '" + path.parent_path().string() + "': " + error.message());
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) return errno_status(errno, "cannot write", path.string());
  return ok_status();
}

Outcome init(const InitOptions& options, const Common& common) {
  const std::vector<std::string> names = template_names();
  if (std::find(names.begin(), names.end(), options.name) == names.end()) {
    return invalid_argument("unknown template '" + options.name + "'" +
                            suggestion(options.name, names));
  }
  const fs::path folder = options.folder;
  if (const Status usable = check_target(folder); !usable.ok()) return usable;
  nlohmann::ordered_json written = nlohmann::json::array();
  for (const TemplateFile& file : template_files()) {
    if (file.name != options.name) continue;
    const Status status = write_file(folder / file.path, file.content);
    if (!status.ok()) return status;
    written.push_back(file.path);
  }
  if (common.json) {
    std::cout << json_line(
        {{"folder", folder.string()}, {"template", options.name}, {"files", written}});
    return ok_status();
  }
  for (const auto& path : written) std::cout << (folder / path.get<std::string>()).string() << "\n";
  if (!common.quiet) {
    std::cerr << "Made a project of the template '" << options.name << "'. Run it:\n"
              << "  lakeward run --once --project " << folder.string() << "\n";
  }
  return ok_status();
}

}  // namespace

void add_init(CommandLine& line) {
  auto options = std::make_shared<InitOptions>();
  line.add({.name = "init",
            .summary = "Makes a new project from a template that runs at once",
            .details = {"The folder must be new or empty."},
            .examples = {"lakeward init --template sensors demo"}},
           [options](const Common& common) { return init(*options, common); })
      .argument("DIR", options->folder, "The project's folder")
      .choice("--template", options->name, template_names(),
              "What to begin with; default: " + options->name);
}

}  // namespace lakeward::cli
