#include "memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string>

namespace xfblas::emulation {
namespace {

constexpr uint64_t page_bytes = 4096;

uint64_t whole_pages(uint64_t bytes) {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

}  // namespace

Memory::Memory() : file_(memfd_create("card", MFD_CLOEXEC)) {
  if (file_ < 0)
    throw std::runtime_error(std::string("cannot make the card's memory: ") +
                             std::strerror(errno));
}

Memory::~Memory() {
  for (const auto& entry : buffers_) release(entry.second);
  close(file_);
}

bool Memory::allocate(uint64_t address, uint64_t bytes) {
  if (bytes == 0 || bytes > INT64_MAX - file_bytes_ - page_bytes) return false;
  bytes = whole_pages(bytes);
  const auto next = buffers_.lower_bound(address);
  const bool meets_next = next != buffers_.end() && next->first - address < bytes;
  if (meets_next || containing(address) != buffers_.end()) return false;
  // Each buffer gets new space in the file: pages that were never touched, or freed, cost
  // nothing.
  if (ftruncate(file_, off_t(file_bytes_ + bytes)) != 0) return false;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_,
                    off_t(file_bytes_));
  if (data == MAP_FAILED) return false;
  buffers_[address] = {static_cast<char*>(data), {file_bytes_, bytes}};
  file_bytes_ += bytes;
  return true;
}

void Memory::free(uint64_t address) {
  const auto buffer = buffers_.find(address);
  if (buffer == buffers_.end()) return;
  release(buffer->second);
  buffers_.erase(buffer);
}

void Memory::release(const Buffer& buffer) {
  munmap(buffer.data, buffer.range.bytes);
  fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(buffer.range.offset),
            off_t(buffer.range.bytes));
}

Memory::Buffers::const_iterator Memory::containing(uint64_t address) const {
  const auto after = buffers_.upper_bound(address);
  if (after == buffers_.begin()) return buffers_.end();
  const auto buffer = std::prev(after);
  return address - buffer->first < buffer->second.range.bytes ? buffer : buffers_.end();
}

char* Memory::find(uint64_t address, uint64_t bytes) {
  const auto buffer = containing(address);
  if (buffer == buffers_.end()) return nullptr;
  const uint64_t start = address - buffer->first;
  return bytes <= buffer->second.range.bytes - start ? buffer->second.data + start : nullptr;
}

std::optional<Range> Memory::range_from(uint64_t address) const {
  const auto buffer = containing(address);
  if (buffer == buffers_.end()) return std::nullopt;
  const uint64_t start = address - buffer->first;
  const auto& range = buffer->second.range;
  return Range{range.offset + start, range.bytes - start};
}

}  // namespace xfblas::emulation
