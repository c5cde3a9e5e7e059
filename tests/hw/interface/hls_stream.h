// What the kernels use of Vitis HLS's streams, declared only: enough to compile, not to run.
#ifndef HLS_STREAM_INTERFACE_H
#define HLS_STREAM_INTERFACE_H

namespace hls {

template <class T, int depth = 0>
class stream;

template <class T>
class stream<T, 0> {
 public:
  stream();
  explicit stream(const char* name);
  T read();
  bool read_nb(T& value);
  void write(const T& value);

 private:
  stream(const stream&);
};

template <class T, int depth>
class stream : public stream<T, 0> {
 public:
  stream();
  explicit stream(const char* name);
};

}  // namespace hls

#endif
