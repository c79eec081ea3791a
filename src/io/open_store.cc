#include "io/object_store.h"

namespace lakeward::io {

Result<std::unique_ptr<ObjectStore>> open_store(std::string_view location) {
  if (location.empty()) return invalid_argument("the location of a store is empty; give a folder");
  std::string_view path = location;
  const size_t scheme_end = location.find("://");
  if (scheme_end != std::string_view::npos) {
    const std::string scheme(location.substr(0, scheme_end));
    path.remove_prefix(scheme_end + 3);
    if (scheme != "file") {
      return unsupported("'" + std::string(location) + "': Lakeward cannot store in " + scheme +
                         ":// yet; give a local folder");
    }
    if (!path.starts_with('/')) {
      return invalid_argument("'" + std::string(location) +
                              "': a file URI has three slashes, file:///folder");
    }
  }
  return make_local_store(std::filesystem::path(path));
}

}  // namespace lakeward::io
