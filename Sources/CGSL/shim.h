/* The parts of the GNU Scientific Library that the package uses, one line for each. */
#ifndef STAMPEDE_CGSL_SHIM_H
#define STAMPEDE_CGSL_SHIM_H

#if !__has_include(<gsl/gsl_version.h>)
#error "The GNU Scientific Library is missing. On Debian and Ubuntu: apt-get install libgsl-dev; on macOS: brew install gsl"
#else
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#endif

#endif
