// What the kernels use of the vendor's integers, declared only.
#ifndef AP_INT_INTERFACE_H
#define AP_INT_INTERFACE_H

template <int bits>
class ap_int {
 public:
  ap_int();
  ap_int(long long value);
  operator long long() const;
};

template <int bits>
class ap_uint {
 public:
  ap_uint();
  ap_uint(unsigned long long value);
  operator unsigned long long() const;
};

#endif
