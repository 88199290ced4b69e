package ivrsip

import (
	"context"
	"net"
	"strings"
)

// listenTries bounds how often a port is looked for that is free for UDP and TCP.
const listenTries = 20

// Listen opens an address for UDP and TCP, on the same port (RFC 3261 section
// 18.2.1). Port 0 stands for one that is free for both.
func Listen(ctx context.Context, addr string) (udp net.PacketConn, tcp net.Listener, err error) {
	var lc net.ListenConfig
	for range listenTries {
		if udp, err = lc.ListenPacket(ctx, "udp", addr); err != nil {
			return nil, nil, err
		}
		if tcp, err = lc.Listen(ctx, "tcp", udp.LocalAddr().String()); err == nil {
			return udp, tcp, nil
		}
		_ = udp.Close() // nothing has come to it
		if !strings.HasSuffix(addr, ":0") {
			break
		}
	}
	return nil, nil, err
}
