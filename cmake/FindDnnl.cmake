# Finds oneDNN without its own CMake config (Debian's demands OpenCL). Defines Dnnl_FOUND, Dnnl_VERSION, Dnnl::dnnl.
find_path(Dnnl_INCLUDE_DIR NAMES oneapi/dnnl/dnnl.h)
find_library(Dnnl_LIBRARY NAMES dnnl)
mark_as_advanced(Dnnl_INCLUDE_DIR Dnnl_LIBRARY)

if(Dnnl_INCLUDE_DIR AND EXISTS "${Dnnl_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h")
  file(STRINGS "${Dnnl_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h" _dnnl_lines REGEX "#define DNNL_VERSION_(MAJOR|MINOR|PATCH)")
  string(REGEX REPLACE ".*MAJOR +([0-9]+).*MINOR +([0-9]+).*PATCH +([0-9]+).*" "\\1.\\2.\\3" Dnnl_VERSION "${_dnnl_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Dnnl REQUIRED_VARS Dnnl_LIBRARY Dnnl_INCLUDE_DIR VERSION_VAR Dnnl_VERSION)

if(Dnnl_FOUND AND NOT TARGET Dnnl::dnnl)
  add_library(Dnnl::dnnl UNKNOWN IMPORTED)
  set_target_properties(Dnnl::dnnl PROPERTIES IMPORTED_LOCATION "${Dnnl_LIBRARY}"
                                              INTERFACE_INCLUDE_DIRECTORIES "${Dnnl_INCLUDE_DIR}")
  # seqguard holds oneDNN's OpenMP team at one thread, for which it calls OpenMP itself.
  file(STRINGS "${Dnnl_INCLUDE_DIR}/oneapi/dnnl/dnnl_config.h" _dnnl_openmp
       REGEX "define DNNL_CPU_THREADING_RUNTIME DNNL_RUNTIME_OMP")
  if(_dnnl_openmp)
    set_target_properties(Dnnl::dnnl PROPERTIES INTERFACE_LINK_LIBRARIES gomp)
  endif()
endif()
