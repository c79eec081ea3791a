// The readers' schemas that pipelines take from a schema registry, fixed at their first run.
#pragma once

#include "base/status.h"
#include "config/value.h"
#include "io/object_store.h"
#include "project/project.h"

namespace lakeward::service {

// Fills in the reader's schema and the columns of each pipeline that names a subject: from the
// pipeline's checkpoint if it has run before, else from the registry. What a subject's latest
// version is can change at any time, and an epoch that is repeated must have the columns that it
// had: so the version of the first run stays until the pipeline asks for another. Where a registry
// is away, AvroSettings::unresolved says so. Problems: there is no such subject or version, or its
// schema does not fit; without `problems`, these are left to the pipeline too, so that others can
// go on.
Status resolve_reader_schemas(project::Project& project, io::ObjectStore& checkpoints,
                              config::Problems* problems);

// The same for one pipeline, asking again. Errors also: Unavailable, if the registry is away; those
// that are problems above.
Status resolve_reader_schema(project::Pipeline& pipeline, io::ObjectStore& checkpoints);

// Unavailable, if there is a pipeline whose reader's schema is not known yet.
Status check_reader_schemas(const project::Project& project);

// Makes it durable, in the pipeline's checkpoint, whose lock the caller has. Nothing, if the
// pipeline names no subject.
Status keep_reader_schema(const project::Pipeline& pipeline, io::ObjectStore& checkpoints);

}  // namespace lakeward::service
