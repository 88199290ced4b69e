package main

import (
	"strings"
	"testing"
)

// TestConfig_ARI: what is wrong with the list of exchanges is named.
func TestConfig_ARI(t *testing.T) {
	t.Parallel()
	at := func(url string) ARI { return ARI{Name: "pbx", URL: url, User: "setu"} }
	for _, tt := range []struct {
		name   string
		change func(c *Config)
		want   string // "" is that nothing is wrong
	}{
		{"on this machine", func(c *Config) { c.IVR.ARI = []ARI{at("http://127.0.0.1:8088")} }, ""},
		{"by name", func(c *Config) { c.IVR.ARI = []ARI{at("http://localhost:8088")} }, ""},
		{"no name", func(c *Config) { c.IVR.ARI = []ARI{{}} }, "ivr.ari[0] needs a name"},
		{"two of a name", func(c *Config) { c.IVR.ARI = []ARI{at("http://localhost"), at("http://localhost")} }, "ivr.ari[1] needs a name"},
		{"a trunk's name", func(c *Config) {
			c.IVR.ARI, c.IVR.SIP.Trunks = []ARI{at("http://localhost")}, []SIPTrunk{{Name: "pbx"}}
		}, "ivr.ari[0] needs a name"},
		{"elsewhere, and our sound on loopback", func(c *Config) { c.IVR.ARI = []ARI{at("http://192.0.2.20:8088")} }, "set ivr.sip.media.address"},
		{"elsewhere", func(c *Config) {
			c.IVR.ARI, c.IVR.SIP.Media.Address = []ARI{at("http://192.0.2.20:8088")}, "192.0.2.10"
		}, ""},
		{"elsewhere, through a translator", func(c *Config) {
			c.IVR.ARI, c.IVR.SIP.ExternalIP = []ARI{at("http://pbx.example.in:8088")}, "192.0.2.10"
		}, ""},
		{"a line", func(c *Config) {
			c.IVR.ARI, c.IVR.CallBack.Lines = []ARI{at("http://localhost")}, []string{"sip", "pbx"}
		}, ""},
		{"no such line", func(c *Config) { c.IVR.CallBack.Lines = []string{"pbx"} }, "ivr.call_back.lines"},
	} {
		c := DefaultConfig()
		tt.change(&c)
		err := c.validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
