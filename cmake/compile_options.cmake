# Options every target of ours is compiled with.
add_library(howdah_options INTERFACE)
target_compile_options(howdah_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wcast-align -Wno-missing-field-initializers
  $<$<BOOL:${HOWDAH_WERROR}>:-Werror> -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these in its own headers when it inlines.
  target_compile_options(howdah_options INTERFACE
    -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict -Wno-tsan)
endif()
if(HOWDAH_SANITIZE)
  target_compile_options(howdah_options INTERFACE -fsanitize=${HOWDAH_SANITIZE})
  target_link_options(howdah_options INTERFACE -fsanitize=${HOWDAH_SANITIZE})
endif()
target_compile_definitions(howdah_options INTERFACE HOWDAH_VERSION="${PROJECT_VERSION}")
