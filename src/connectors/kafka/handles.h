// Ownership of librdkafka's objects.
#pragma once

namespace lakeward::connectors::kafka {

// For std::unique_ptr: calls librdkafka's function that destroys the type.
template <auto destroy>
struct Deleter {
  template <typename T>
  void operator()(T* thing) const {
    destroy(thing);
  }
};

}  // namespace lakeward::connectors::kafka
