package ivrsip

import (
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// Look reads all of a request that a call is made of, and says what would come of
// it.
func Look(req *sip.Request) string {
	id, err := idOf(req)
	if err != nil {
		return "400"
	}
	if no := unsupported(req); no != nil {
		return strconv.Itoa(no.code)
	}
	t := &trunk{Trunk: Trunk{Identity: true, CountryCode: "91"}}
	number, known := t.callerOf(req)
	if known != (number != "") {
		return ""
	}
	_, _ = infoKey(string(req.Body()))
	_ = dialled(req)
	g := answering(req, id)
	if g.peer == "" && g.target.Host == "" && len(g.routes) == 0 {
		return "nowhere"
	}
	return "200"
}
