# howdah_layer(NAME SOURCES a.cc .. [TESTS a_test.cc ..] [BENCHES a_bench.cc ..] [DEPS layer ..] [LIBS target ..])
#
# A layer is a static library `howdah_NAME` with an include root of its own: a directory in the
# build tree that holds nothing but a link NAME -> the layer's folder. Only targets that name the
# layer in DEPS (or reach it through one they name) get that root, so an include that goes up the
# layer list does not compile.
function(howdah_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;BENCHES;DEPS;LIBS" ${ARGN})
  set(root ${CMAKE_BINARY_DIR}/roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)

  set(dep_targets ${ARG_DEPS})
  list(TRANSFORM dep_targets PREPEND howdah_)
  if(ARG_SOURCES)
    add_library(howdah_${name} STATIC ${ARG_SOURCES})
    set(kind PUBLIC)
  else()
    add_library(howdah_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(howdah_${name} ${kind} ${root})
  target_link_libraries(howdah_${name} ${kind} howdah_options ${dep_targets} ${ARG_LIBS})

  if(ARG_TESTS)
    add_executable(${name}_test ${ARG_TESTS})
    target_link_libraries(${name}_test PRIVATE howdah_${name} GTest::gmock GTest::gtest_main nlohmann_json::nlohmann_json)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
  if(ARG_BENCHES)
    add_executable(${name}_bench ${ARG_BENCHES})
    target_link_libraries(${name}_bench PRIVATE howdah_${name} benchmark::benchmark_main)
  endif()
endfunction()
