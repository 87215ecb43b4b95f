<?php // Writes through a null pointer.
FFI::cdef('void *memset(void *s, int c, size_t n);')->memset(null, 1, 1);
echo 'still here';
