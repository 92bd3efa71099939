# Finds libmd (message digests), which ships no CMake config. Defines Md_FOUND, Md::md.
find_path(Md_INCLUDE_DIR NAMES sha2.h)
find_library(Md_LIBRARY NAMES md)
mark_as_advanced(Md_INCLUDE_DIR Md_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Md REQUIRED_VARS Md_LIBRARY Md_INCLUDE_DIR)
if(Md_FOUND AND NOT TARGET Md::md)
  add_library(Md::md UNKNOWN IMPORTED)
  set_target_properties(Md::md PROPERTIES IMPORTED_LOCATION "${Md_LIBRARY}"
                                          INTERFACE_INCLUDE_DIRECTORIES "${Md_INCLUDE_DIR}")
endif()
