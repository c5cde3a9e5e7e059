// What the stream top needs of the vendor's words on AXI streams, declared only.
#ifndef XFBLAS_TEST_AP_AXI_SDATA_H
#define XFBLAS_TEST_AP_AXI_SDATA_H

namespace hls {
template <class T, int user, int id, int destination>
struct axis {
  T data;
  bool last;
};
}  // namespace hls

#endif
