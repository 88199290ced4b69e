package fabricnet

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// AddChannel makes a channel that all nodes join.
func (n *Network) AddChannel(ctx context.Context, name string, b Block) error {
	b = b.withDefaults()
	n.channels++
	dir := filepath.Join(n.Dir, "channel"+strconv.Itoa(n.channels))
	err := render(filepath.Join(dir, "configtx.yaml"), configtxYAML, struct {
		*Network
		Crypto       string
		BFT          bool
		BatchTimeout time.Duration
		MaxMessages  int
	}{n, n.crypto(), n.options.BFT, b.Timeout, b.Messages})
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "genesis.block")
	err = run(ctx, []string{"FABRIC_CFG_PATH=" + dir, "FABRIC_LOGGING_SPEC=warning"},
		n.commands.configtxgen, "-profile", "Channel", "-channelID", name, "-outputBlock", file)
	if err != nil {
		return err
	}
	block, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, x := range n.Orderers {
		group.Go(func() error { return x.join(ctx, block) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, g := range n.Orgs {
		for _, p := range g.Peers {
			group.Go(func() error { return g.join(ctx, p, block) })
		}
	}
	return group.Wait()
}

// join makes an orderer take part in a channel, as osnadmin does.
func (x *Orderer) join(ctx context.Context, block []byte) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("config-block", "genesis.block")
	if err == nil {
		_, err = part.Write(block)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/participation/v1/channels", x.Admin)
	return retry(ctx, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body.Bytes()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", form.FormDataContentType())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusCreated {
			said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
			return fmt.Errorf("join %s: %s: %s", x.Name, resp.Status, said)
		}
		return nil
	})
}

// join makes a peer take part in a channel.
func (g *Org) join(ctx context.Context, p *Peer, block []byte) error {
	return retry(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, attempt)
		defer cancel()
		err := p.propose(ctx, g.Admin, common.HeaderType_CONFIG, "cscc", []byte("JoinChain"), block)
		if err != nil && strings.Contains(err.Error(), "already exists with state [ACTIVE]") {
			return nil // an earlier try came through
		}
		return err
	})
}

// Package is a contract's package, which names where the contract listens, and
// its identifier, which the contract must announce itself by.
func Package(name, address string) (octets []byte, id string, err error) {
	return PackageTLS(name, address, nil)
}

// PackageTLS is the package of a contract that serves TLS by a certificate of
// the authority (PEM). Without one there is no TLS.
func PackageTLS(name, address string, authority []byte) (octets []byte, id string, err error) {
	connection, err := json.Marshal(map[string]any{
		"address": address, "dial_timeout": "10s", "tls_required": len(authority) > 0, "root_cert": string(authority),
	})
	if err != nil {
		return nil, "", err
	}
	code, err := archive("connection.json", connection)
	if err != nil {
		return nil, "", err
	}
	metadata := []byte(`{"type":"ccaas","label":"` + name + `"}`)
	octets, err = archive("metadata.json", metadata, "code.tar.gz", string(code))
	sum := sha256.Sum256(octets)
	return octets, name + ":" + hex.EncodeToString(sum[:]), err
}

// archive is a tar.gz of one file and pairs of further names and contents, the
// same octets for the same files.
func archive(name string, content []byte, more ...string) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	files := tar.NewWriter(zipped)
	for {
		err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = files.Write(content)
		}
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			break
		}
		name, content, more = more[0], []byte(more[1]), more[2:]
	}
	if err := errors.Join(files.Close(), zipped.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Deploy installs, approves and commits a contract that listens, or soon will,
// at address. Every organisation's endorsement is needed.
func (n *Network) Deploy(ctx context.Context, channel, name, address string) error {
	id, err := n.Install(ctx, name, address)
	if err != nil {
		return err
	}
	return n.Define(ctx, channel, name, id)
}

// Install installs a package on every peer and gives its identifier, by which
// it can be defined under any number of names, each with a state of its own.
func (n *Network) Install(ctx context.Context, label, address string) (id string, err error) {
	octets, id, err := Package(label, address)
	if err != nil {
		return "", err
	}
	return id, n.InstallPackage(ctx, octets)
}

// InstallPackage installs a package on every peer.
func (n *Network) InstallPackage(ctx context.Context, octets []byte) error {
	args, err := proto.Marshal(&lifecycle.InstallChaincodeArgs{ChaincodeInstallPackage: octets})
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, g := range n.Orgs {
		for _, p := range g.Peers {
			group.Go(func() error {
				return p.propose(ctx, g.Admin, common.HeaderType_ENDORSER_TRANSACTION, "_lifecycle", []byte("InstallChaincode"), args)
			})
		}
	}
	return group.Wait()
}

// Define approves a contract's definition for every organisation and commits it.
func (n *Network) Define(ctx context.Context, channel, name, id string) error {
	approve, err := proto.Marshal(&lifecycle.ApproveChaincodeDefinitionForMyOrgArgs{
		Name: name, Version: "1", Sequence: 1,
		Source: &lifecycle.ChaincodeSource{Type: &lifecycle.ChaincodeSource_LocalPackage{
			LocalPackage: &lifecycle.ChaincodeSource_Local{PackageId: id},
		}},
	})
	if err != nil {
		return err
	}
	for _, g := range n.Orgs {
		if err := g.submit(ctx, channel, "ApproveChaincodeDefinitionForMyOrg", approve, g.MSP); err != nil {
			return err
		}
	}
	commit, err := proto.Marshal(&lifecycle.CommitChaincodeDefinitionArgs{Name: name, Version: "1", Sequence: 1})
	if err != nil {
		return err
	}
	return n.Orgs[0].submit(ctx, channel, "CommitChaincodeDefinition", commit)
}

// attempt is the longest that one try may take: on a busy machine one may hang.
const attempt = 5 * time.Second

// submit carries out a lifecycle transaction as the organisation's admin. While
// a network starts there is no leader and no second organisation yet.
func (g *Org) submit(ctx context.Context, channel, function string, args []byte, endorsers ...string) error {
	conn, err := g.Peers[0].Dial()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	id, sign, err := g.Admin.signer()
	if err != nil {
		return err
	}
	gw, err := client.Connect(id, client.WithSign(sign), client.WithClientConnection(conn))
	if err != nil {
		return err
	}
	defer func() { _ = gw.Close() }()
	contract := gw.GetNetwork(channel).GetContract("_lifecycle")
	options := []client.ProposalOption{client.WithBytesArguments(args)}
	if len(endorsers) > 0 {
		options = append(options, client.WithEndorsingOrganizations(endorsers...))
	}
	return retry(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, attempt)
		defer cancel()
		_, err := contract.SubmitWithContext(ctx, function, options...)
		if err != nil && status.Code(err) == codes.Aborted && len(status.Convert(err).Details()) > 0 {
			said := fmt.Sprint(status.Convert(err).Details()[0])
			if strings.Contains(said, "unchanged content") || strings.Contains(said, "requested sequence is 1, but new definition must be sequence 2") {
				return nil // an earlier try came through
			}
			return fmt.Errorf("%s: %w: %s", function, err, said)
		}
		return err
	})
}

// retry calls f until it succeeds or ctx ends.
func retry(ctx context.Context, f func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, ctx.Err())
		case <-tick.C:
		}
	}
}

// signer is the identity as Fabric's client takes it.
func (i Identity) signer() (*identity.X509Identity, identity.Sign, error) {
	cert, err := identity.CertificateFromPEM(i.Certificate)
	if err != nil {
		return nil, nil, err
	}
	id, err := identity.NewX509Identity(i.MSP, cert)
	if err != nil {
		return nil, nil, err
	}
	sign, err := identity.NewPrivateKeySign(i.Key)
	return id, sign, err
}

// propose sends one signed proposal of a system contract to one peer.
func (p *Peer) propose(ctx context.Context, by Identity, kind common.HeaderType, contract string, args ...[]byte) error {
	conn, err := p.Dial()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	proposal, err := by.signed(kind, contract, args)
	if err != nil {
		return err
	}
	resp, err := peer.NewEndorserClient(conn).ProcessProposal(ctx, proposal)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", args[0], p.Name, err)
	}
	if resp.GetResponse().GetStatus() != 200 {
		return fmt.Errorf("%s at %s: %s", args[0], p.Name, resp.GetResponse().GetMessage())
	}
	return nil
}
