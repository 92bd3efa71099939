# The library: ordinary sources, and the tables of kernels, whose sources are compiled once per instruction set.

file(GLOB seqguard_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/*/*.cpp"
     "${CMAKE_CURRENT_SOURCE_DIR}/src/*/*/*.cpp")
list(FILTER seqguard_sources EXCLUDE REGEX "/src/(cli/|kernels/kernels_isa\\.cpp|kernels/matmul_(fp32|bf16|int8|onednn|eigen)\\.cpp)")

add_library(seqguard ${seqguard_sources})
add_library(seqguard::seqguard ALIAS seqguard)
target_compile_features(seqguard PUBLIC cxx_std_20)
target_include_directories(seqguard PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
                                    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
set_target_properties(seqguard PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                                          POSITION_INDEPENDENT_CODE ON)
target_link_libraries(seqguard PRIVATE $<BUILD_INTERFACE:nlohmann_json::nlohmann_json> ZLIB::ZLIB Nettle::nettle
                                       Utf8proc::utf8proc Zstd::zstd simdjson::simdjson Threads::Threads)

# No contraction: a * b + c is fused only where a kernel says so, so that results do not depend on the compiler's taste.
add_library(seqguard_flags INTERFACE)
# A new kind of edit, column or view fails to compile wherever a switch does not know it.
target_compile_options(seqguard_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas -Werror=switch
                       -ffp-contract=off
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # false positives on std::string +: GCC bug 105651
if(SEQGUARD_SANITIZE)
  # A finding ends the program: UBSan only prints by default, and CTest would count the test as passed.
  target_compile_options(seqguard_flags INTERFACE -fsanitize=${SEQGUARD_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer -g)
  target_link_options(seqguard_flags INTERFACE -fsanitize=${SEQGUARD_SANITIZE})
endif()
target_link_libraries(seqguard PRIVATE $<BUILD_INTERFACE:seqguard_flags>)

# --- tables of kernels: one object per table ------------------------------------------------------------------------------
# TARGET compiles SOURCE for the instruction set ISA with further FLAGS; its one symbol is named after ISA.
function(seqguard_add_table target source isa)
  add_library(${target} OBJECT ${source})
  target_link_libraries(${target} PRIVATE seqguard_flags xsimd)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_include_directories(${target} PRIVATE include src)
  target_compile_definitions(${target} PRIVATE SEQGUARD_ISA=${isa})
  # At least -O2, in every other build type and without one: below it weak symbols leak, of the standard library
  # (no optimisation) and of xsimd's log and tanh (-O1), see tests/structure/isa_symbols.sh.
  target_compile_options(${target} PRIVATE ${ARGN} -fno-math-errno $<$<NOT:$<CONFIG:Release,RelWithDebInfo>>:-O2>)
  # gcc's own avx512 headers start from an undefined register; its warnings about that say nothing about this code.
  # (The second appears below -O3. The other sets compile the same code with it.)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(isa MATCHES "avx512")
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)
  endif()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
  target_sources(seqguard PRIVATE $<TARGET_OBJECTS:${target}>)
  set(seqguard_tables ${seqguard_tables} ${target} PARENT_SCOPE)
endfunction()

set(seqguard_isas baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND seqguard_isas avx2 avx512)
endif()
set(seqguard_flags_baseline "")
set(seqguard_flags_avx2 -mavx2 -mfma)
set(seqguard_flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mfma)
foreach(isa IN LISTS seqguard_isas)
  seqguard_add_table(seqguard_kernels_${isa} src/kernels/kernels_isa.cpp ${isa} ${seqguard_flags_${isa}})
  seqguard_add_table(seqguard_matmul_fp32_${isa} src/kernels/matmul_fp32.cpp ${isa} ${seqguard_flags_${isa}})
  string(TOUPPER ${isa} upper)
  target_compile_definitions(seqguard PRIVATE SEQGUARD_HAS_ISA_${upper})
endforeach()

# Products of bfloat16 and of bytes: emulated for the tests of every machine, and for the instruction set that has them.
set(seqguard_flags_avx512_bf16 ${seqguard_flags_avx512} -mavx512bf16 -mavx512vnni)
foreach(precision bf16 int8)
  set(table seqguard_matmul_${precision})
  seqguard_add_table(${table}_baseline src/kernels/matmul_${precision}.cpp baseline ${seqguard_flags_baseline})
  if("avx512" IN_LIST seqguard_isas)
    seqguard_add_table(${table}_avx512_bf16 src/kernels/matmul_${precision}.cpp avx512_bf16
                       ${seqguard_flags_avx512_bf16})
  endif()
endforeach()

# --- optional matrix-product backends ----------------------------------------------------------------------------------------
if(Dnnl_FOUND)
  target_sources(seqguard PRIVATE src/kernels/matmul_onednn.cpp)
  target_compile_definitions(seqguard PRIVATE SEQGUARD_HAS_ONEDNN)
  target_link_libraries(seqguard PRIVATE Dnnl::dnnl)
endif()
if(TARGET Eigen3::Eigen)
  target_sources(seqguard PRIVATE src/kernels/matmul_eigen.cpp)
  target_compile_definitions(seqguard PRIVATE SEQGUARD_HAS_EIGEN)
  target_link_libraries(seqguard PRIVATE $<BUILD_INTERFACE:Eigen3::Eigen>)
endif()
