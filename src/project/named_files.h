// Files that the options of a project name.
#pragma once

#include "config/value.h"
#include "project/project.h"

namespace lakeward::project {

// Reports certificates and keys (`tls_ca`, `tls_certificate`, `tls_key`) that are not there or
// cannot be read. Not part of loading: who only looks at a lake need not have them.
void check_named_files(const Project& project, config::Problems& problems);

}  // namespace lakeward::project
