#include "prediction/timeline.hpp"

#include <algorithm>
#include <chrono>

#include "error.hpp"

namespace xfblas {

Timeline::Timeline(xfblasTimeline_t* given) : given_(given) {
  if (!given) return;
  require(given->spans != nullptr || given->capacity == 0, XFBLAS_STATUS_INVALID_VALUE,
          "coding.timeline.spans is NULL, expected room for ", given->capacity);
  given->count = 0;
}

uint64_t Timeline::now() {
  const auto passed = std::chrono::steady_clock::now().time_since_epoch();
  return uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count());
}

void Timeline::add(int part, uint64_t first, uint64_t rows, uint64_t start, uint64_t end,
                   int64_t saturated) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto own = std::this_thread::get_id();
  auto place = std::find(threads_.begin(), threads_.end(), own);
  if (place == threads_.end()) place = threads_.insert(place, own);
  const auto thread = unsigned(place - threads_.begin());
  if (given_->count < given_->capacity)
    given_->spans[given_->count] = {part,  thread, first,    rows,
                                    start, end,    saturated};
  ++given_->count;
}

}  // namespace xfblas
