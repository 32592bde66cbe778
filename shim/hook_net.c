/* hook_net.c - connections, of which not all pass by an audit event. */
#include "shim/effects.h"
#include "shim/hooks.h"

#include <sys/socket.h>

SG_HOOK int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
    if (!sg_effects_connect(to.__sockaddr__, len))
        return -1;
    return SG_REAL(connect)(fd, to, len);
}
