package contract

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

// ErrPackageID says that the contract was not told its package identifier.
var ErrPackageID = errors.New("contract: package identifier is missing: it is what `peer lifecycle chaincode install` printed, label:hash")

// maxMessage is the largest message between peer and contract, in octets: the
// default of Fabric's own chaincode servers.
const maxMessage = 100 << 20

// Server serves the contract to peers: a chaincode as a service.
type Server struct {
	// PackageID is the identifier of the installed package, label:hash. A
	// peer refuses a contract that calls itself something else.
	PackageID string
	// TLS is the server's certificate and, with ClientCAs, which peers may
	// call. Nil serves without TLS, which suits one host only.
	TLS *tls.Config
}

// Run serves on l until ctx ends. The error is [ErrPackageID] or the listener's.
func (s Server) Run(ctx context.Context, l net.Listener) error {
	if s.PackageID == "" {
		return ErrPackageID
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Minute, PermitWithoutStream: true}),
	}
	if s.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.TLS)))
	}
	server := grpc.NewServer(options...)
	peer.RegisterChaincodeServer(server, &shim.ChaincodeServer{CCID: s.PackageID, CC: Contract{}})
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	if err := server.Serve(l); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve contract: %w", err)
	}
	return nil
}
