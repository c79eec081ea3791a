#include "project/named_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "project/load.h"

namespace lakeward::project {
namespace {

void check_block(const Project& project, const config::Value& options, config::Problems& problems) {
  for (const char* key : {"tls_ca", "tls_certificate", "tls_key"}) {
    const config::Value* file = options.find(key);
    if (file == nullptr || !file->is_scalar() || file->is_unresolved() || file->text().empty()) {
      continue;
    }
    const std::filesystem::path path = project.root / file->text();
    std::error_code error;
    std::string problem;
    if (std::filesystem::is_directory(path, error)) {
      problem = "is a folder";
    } else if (access(path.c_str(), R_OK) != 0) {
      problem = errno == ENOENT ? "is not there"
                                : fmt::format("cannot be read: {}", std::strerror(errno));
    }
    if (problem.empty()) continue;
    problems.push_back({file->location(), fmt::format("'{}': the file '{}' {}", key,
                                                      path.lexically_normal().string(), problem)});
  }
}

}  // namespace

void check_named_files(const Project& project, config::Problems& problems) {
  for (const Connection& connection : project.connections) {
    check_block(project, connection.options, problems);
  }
  for (const Pipeline& pipeline : project.pipelines) {
    if (pipeline.from) check_block(project, pipeline.from->options, problems);
    for (const ConnectorBlock& sink : pipeline.sinks) check_block(project, sink.options, problems);
    if (pipeline.dead_letters) check_block(project, pipeline.dead_letters->options, problems);
  }
  sort_problems(problems);
}

}  // namespace lakeward::project
