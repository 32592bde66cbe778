/* handlers.h - the opcode handlers, for the table in opcodes.c. */
#ifndef SG_HANDLERS_H
#define SG_HANDLERS_H

#include "machine/state.h"

sg_opcode_fn sg_op_none, sg_op_newtrue, sg_op_newfalse, sg_op_int, sg_op_long, sg_op_binint,
    sg_op_binint_unsigned, sg_op_long_counted, sg_op_float, sg_op_binfloat, sg_op_text,
    sg_op_text_8bit, sg_op_bytes, sg_op_bytearray, sg_op_string, sg_op_unicode, sg_op_persid,
    sg_op_binpersid, sg_op_next_buffer, sg_op_readonly_buffer;
sg_opcode_fn sg_op_mark, sg_op_empty_tuple, sg_op_empty_list, sg_op_empty_dict, sg_op_empty_set,
    sg_op_tuple_counted, sg_op_tuple, sg_op_list, sg_op_dict, sg_op_frozenset, sg_op_append,
    sg_op_appends, sg_op_setitem, sg_op_setitems, sg_op_additems;
sg_opcode_fn sg_op_put, sg_op_get, sg_op_binput, sg_op_binget, sg_op_memoize, sg_op_dup, sg_op_pop,
    sg_op_pop_mark, sg_op_proto, sg_op_frame, sg_op_stop;
sg_opcode_fn sg_op_global, sg_op_stack_global, sg_op_ext, sg_op_inst, sg_op_obj, sg_op_reduce,
    sg_op_newobj, sg_op_newobj_ex, sg_op_build;

#endif
