# howdah_find_php(CONFIG): asks one php-config what it describes and sets, in the caller,
#   PHP_VARIANT       8.2-nts, 8.4-zts: what the worker program is called after
#   PHP_INCLUDE_DIRS  the include directories
#   PHP_LIBRARY       the embeddable shared libphp
#   PHP_ZTS           ON for a thread-safe build
function(howdah_find_php config)
  foreach(query vernum includes prefix)
    execute_process(COMMAND ${config} --${query} OUTPUT_VARIABLE ${query}
                    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  if(vernum LESS 80200)
    message(FATAL_ERROR "${config} describes PHP ${vernum}; PHP 8.2 or later is needed")
  endif()
  math(EXPR major "${vernum} / 10000")
  math(EXPR minor "${vernum} / 100 % 100")

  string(REPLACE "-I" "" dirs "${includes}")
  separate_arguments(dirs UNIX_COMMAND "${dirs}")
  set(zts OFF)
  foreach(dir ${dirs})
    if(EXISTS ${dir}/main/php_config.h)
      file(STRINGS ${dir}/main/php_config.h defined REGEX "^#define ZTS 1")
      if(defined)
        set(zts ON)
      endif()
    endif()
  endforeach()

  unset(library CACHE)
  find_library(library NAMES php${major}.${minor} php HINTS ${prefix}/lib NO_CACHE REQUIRED
               NO_DEFAULT_PATH PATHS ${prefix}/lib /usr/lib)
  set(threading nts)
  if(zts)
    set(threading zts)
  endif()
  set(PHP_VARIANT ${major}.${minor}-${threading} PARENT_SCOPE)
  set(PHP_INCLUDE_DIRS ${dirs} PARENT_SCOPE)
  set(PHP_LIBRARY ${library} PARENT_SCOPE)
  set(PHP_ZTS ${zts} PARENT_SCOPE)
endfunction()
