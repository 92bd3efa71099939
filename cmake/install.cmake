# Headers, library, find_package(seqguard) and pkg-config.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS seqguard EXPORT seqguardTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/seqguard DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT seqguardTargets NAMESPACE seqguard:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/seqguard)

set(SEQGUARD_LINKS_DNNL ${Dnnl_FOUND})
configure_package_config_file(cmake/seqguardConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/seqguardConfig.cmake"
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/seqguard)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/seqguardConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/seqguardConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/seqguardConfigVersion.cmake"
              cmake/FindDnnl.cmake cmake/FindNettle.cmake cmake/FindUtf8proc.cmake cmake/FindZstd.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/seqguard)

# A host's CMAKE_INSTALL_DOCDIR is the place of its own licence.
if(PROJECT_IS_TOP_LEVEL)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
else()
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/seqguard)
endif()

# A static library's users link its dependencies themselves: pkg-config needs them spelt out.
set(SEQGUARD_PC_PRIVATE "-lz -lzstd -lsimdjson -lnettle -lutf8proc -pthread")
if(Dnnl_FOUND)
  string(APPEND SEQGUARD_PC_PRIVATE " -ldnnl")
  if(_dnnl_openmp)
    string(APPEND SEQGUARD_PC_PRIVATE " -lgomp")
  endif()
endif()
if(BUILD_SHARED_LIBS)
  set(SEQGUARD_PC_PUBLIC "")
else()
  set(SEQGUARD_PC_PUBLIC " ${SEQGUARD_PC_PRIVATE}")
endif()
# Relative to the .pc file, so that `cmake --install --prefix ELSEWHERE` and moved folders work.
file(RELATIVE_PATH SEQGUARD_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file(cmake/seqguard.pc.in "${CMAKE_CURRENT_BINARY_DIR}/seqguard.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/seqguard.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The program.
if(TARGET seqguard_program)
  install(TARGETS seqguard_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
