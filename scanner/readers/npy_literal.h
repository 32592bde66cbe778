/* npy_literal.h - the Python literal in a .npy header. */
#ifndef SG_NPY_LITERAL_H
#define SG_NPY_LITERAL_H

#include "ground/bytes.h"
#include "readers/npy.h"

/* Takes what the text says into data, data_size, dims and fortran_order; leaves SG_NPY_UNCLEAR and
 * SG_NPY_UNKNOWN where it is not the literal that numpy writes. */
void sg_npy_literal(struct sg_text text, struct sg_npy *npy);

#endif
