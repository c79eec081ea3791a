// From a pipeline as it was declared to one that runs.
#pragma once

#include <memory>
#include <string>

#include "project/project.h"
#include "service/dead_letter_source.h"
#include "service/workspace.h"
#include "stream/pipeline_runner.h"

namespace lakeward::service {

// The checkpoint, source, decoder, transform, expectations, sinks and dead letters of a pipeline.
// Locks the checkpoint. Errors: Conflict if another process runs it; whatever a connector refuses.
Result<stream::PipelineSpec> build_pipeline(Workspace& workspace, const project::Pipeline& pipeline,
                                            Random& random);

// The same for peek(): no checkpoint is touched, nothing is locked.
Result<stream::PipelineSpec> build_for_peek(Workspace& workspace,
                                            const project::Pipeline& pipeline);

// Where the pipeline's dead letters are; null if there is no such table yet.
Result<std::unique_ptr<Letters>> open_dead_letters(Workspace& workspace,
                                                   const project::Pipeline& pipeline);

// A pipeline whose input are its own dead letters: the same decoder, transform, expectations and
// sinks, but a checkpoint and query id of its own, <checkpoints>/<pipeline>.dlq, so that each dead
// letter is replayed once. Errors: NotFound if the pipeline has no dead letters.
Result<stream::PipelineSpec> build_replay(Workspace& workspace, const project::Pipeline& pipeline,
                                          Random& random);

// The folder of a pipeline's checkpoint, and of its replays', in Workspace::checkpoint_store().
std::string checkpoint_folder(const project::Pipeline& pipeline);
std::string replay_folder(const project::Pipeline& pipeline);

// One of the pipeline's sinks alone, for `doctor`.
Result<std::unique_ptr<stream::Sink>> build_sink(Workspace& workspace,
                                                 const project::Pipeline& pipeline,
                                                 const project::ConnectorBlock& block);

// The source alone, for `status` and `doctor`: not attached to a checkpoint. Null for a view.
Result<std::unique_ptr<stream::Source>> build_source(Workspace& workspace,
                                                     const project::Pipeline& pipeline,
                                                     const format::Format* format);
// Null for a pipeline without a `decode:`, or with one that the engine does itself (Parquet).
Result<std::unique_ptr<format::Format>> build_format(Workspace& workspace,
                                                     const project::Pipeline& pipeline);

}  // namespace lakeward::service
