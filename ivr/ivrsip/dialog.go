package ivrsip

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"
)

// dialogID tells a dialog from all others (RFC 3261 §12).
type dialogID struct{ callID, local, remote string }

// dialog is what both sides of a call remember of each other.
type dialog struct {
	id        dialogID
	local     sip.FromHeader // with our tag
	remote    sip.ToHeader   // with theirs
	target    sip.Uri        // their Contact
	routes    []string
	transport string        // upper case, as in Via
	peer      string        // host:port that requests go to
	ours      atomic.Uint32 // last CSeq of our requests
}

// errRequest says that a request lacks what every one must have.
var errRequest = errors.New("ivrsip: a request without a header that it must have")

// idOf is the dialog that a request belongs to; without a tag of ours none is.
func idOf(req *sip.Request) (dialogID, error) {
	from, to, call, seq, via := req.From(), req.To(), req.CallID(), req.CSeq(), req.Via()
	if from == nil || to == nil || call == nil || seq == nil || via == nil {
		return dialogID{}, errRequest
	}
	remote, _ := from.Params.Get("tag")
	local, _ := to.Params.Get("tag")
	return dialogID{callID: call.Value(), local: local, remote: remote}, nil
}

// answering is the dialog of an INVITE that we answer.
func answering(req *sip.Request, id dialogID) *dialog {
	g := &dialog{id: id, local: req.To().AsFrom(), remote: req.From().AsTo(), transport: strings.ToUpper(req.Transport()), peer: req.Source()}
	g.local.Params = sip.NewParams()
	g.local.Params.Add("tag", id.local)
	if c := req.Contact(); c != nil {
		g.target = *c.Address.Clone()
	} else {
		g.target = *req.From().Address.Clone()
	}
	for _, h := range req.GetHeaders("Record-Route") {
		g.routes = append(g.routes, h.Value())
	}
	g.route()
	return g
}

// calling is the dialog of an INVITE of ours that was answered.
func calling(req *sip.Request, res *sip.Response) (*dialog, error) {
	from, to, call := req.From(), res.To(), req.CallID()
	if to == nil {
		return nil, errRequest
	}
	local, _ := from.Params.Get("tag")
	remote, _ := to.Params.Get("tag")
	g := &dialog{
		id:    dialogID{callID: call.Value(), local: local, remote: remote},
		local: *from, remote: *to, transport: strings.ToUpper(req.Transport()), peer: res.Source(), target: req.Recipient,
	}
	if c := res.Contact(); c != nil {
		g.target = *c.Address.Clone()
		// A public one is believed, since the other side may have spread its work
		// over several hosts; any other is that of somebody behind a translator.
		if host, err := netip.ParseAddr(strings.Trim(g.target.Host, "[]")); err == nil && !host.IsPrivate() && !host.IsLoopback() && !host.IsUnspecified() {
			port := g.target.Port
			if port == 0 {
				port = sip.DefaultPort(req.Transport())
			}
			g.peer = net.JoinHostPort(host.String(), strconv.Itoa(port))
		}
	}
	rr := res.GetHeaders("Record-Route")
	for i := len(rr) - 1; i >= 0; i-- {
		g.routes = append(g.routes, rr[i].Value())
	}
	g.route()
	g.ours.Store(req.CSeq().SeqNo)
	return g, nil
}

// route sends requests to the first proxy that wants to see them.
func (g *dialog) route() {
	if len(g.routes) == 0 {
		return
	}
	_, uri, ok := strings.Cut(g.routes[0], "<")
	if !ok {
		return
	}
	uri, _, _ = strings.Cut(uri, ">")
	var first sip.Uri
	if err := sip.ParseUri(uri, &first); err == nil && first.Host != "" {
		port := first.Port
		if port == 0 {
			port = sip.DefaultPort(g.transport)
		}
		g.peer = net.JoinHostPort(strings.Trim(first.Host, "[]"), strconv.Itoa(port))
	}
}

// request makes a request within the dialog. seq is its number; 0 is the next.
func (d *Driver) request(g *dialog, method sip.RequestMethod, seq uint32) *sip.Request {
	if seq == 0 {
		seq = g.ours.Add(1)
	}
	r := sip.NewRequest(method, g.target)
	r.AppendHeader(d.via(g.transport, g.peer))
	maxForwards := sip.MaxForwardsHeader(70)
	callID := sip.CallIDHeader(g.id.callID)
	local, remote := g.local, g.remote
	r.AppendHeader(&local)
	r.AppendHeader(&remote)
	r.AppendHeader(&callID)
	r.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	r.AppendHeader(&maxForwards)
	for _, route := range g.routes {
		r.AppendHeader(sip.NewHeader("Route", route))
	}
	if method == sip.INVITE || method == sip.UPDATE {
		r.AppendHeader(d.contact(g.transport, g.peer))
		r.AppendHeader(sip.NewHeader("Allow", allowed))
		r.AppendHeader(sip.NewHeader("Supported", "timer"))
	}
	r.AppendHeader(sip.NewHeader("User-Agent", agent))
	d.address(r, g.transport, g.peer)
	r.SetBody(nil)
	return r
}

// address says where a request goes, and that it goes from where we listen, since
// firewalls and trunks know us by that.
func (d *Driver) address(r *sip.Request, transport, peer string) {
	r.SetTransport(transport)
	r.SetDestination(peer)
	if at, ok := d.listens(transport); ok && strings.EqualFold(transport, "udp") {
		r.Laddr = sip.Addr{IP: net.IP(at.Addr().AsSlice()), Port: int(at.Port()), Hostname: at.Addr().String()}
	}
}

// listens is where we listen by a transport.
func (d *Driver) listens(transport string) (netip.AddrPort, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.here[strings.ToLower(transport)]
	return at, ok
}

// via is the header that answers come back by.
func (d *Driver) via(transport, peer string) *sip.ViaHeader {
	at := d.reachable(transport, peer)
	v := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(transport), Host: hostText(at.Addr()), Port: int(at.Port())}
	v.Params = sip.NewParams()
	v.Params.Add("branch", sip.GenerateBranchN(16))
	v.Params.Add("rport", "")
	return v
}

// contact is where we are to be reached.
func (d *Driver) contact(transport, peer string) *sip.ContactHeader {
	at := d.reachable(transport, peer)
	h := &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "setu", Host: hostText(at.Addr()), Port: int(at.Port())}}
	if !strings.EqualFold(transport, "udp") {
		h.Address.UriParams = sip.NewParams()
		h.Address.UriParams.Add("transport", strings.ToLower(transport))
	}
	return h
}

// reachable is our address as a peer sees it.
func (d *Driver) reachable(transport, peer string) netip.AddrPort {
	at, _ := d.listens(transport)
	return netip.AddrPortFrom(d.hostFor(at.Addr(), peer), at.Port())
}

// hostFor is our host as a peer sees it: the configured one, the one that we listen
// on, or the one that the way there begins at.
func (d *Driver) hostFor(bound netip.Addr, peer string) netip.Addr {
	if d.cfg.External.IsValid() {
		return d.cfg.External
	}
	if bound.IsValid() && !bound.IsUnspecified() {
		return bound
	}
	conn, err := net.Dial("udp", peer) //nolint:noctx // sends nothing
	if err != nil {
		return bound
	}
	defer func() { _ = conn.Close() }() // nothing was sent
	return hostOf(conn.LocalAddr().String())
}

// hostText writes a host as URIs have it.
func hostText(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
