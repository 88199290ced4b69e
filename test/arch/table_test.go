package arch_test

import "strings"

// row says what one package may lean on. The order of the table is the order
// of the house: a row uses only rows above it.
type row struct {
	// pkg is the folder; "x/..." stands for x and all below it.
	pkg string
	// uses are our own packages that it may import, separated by spaces.
	uses string
	// modules are the outside modules that it may import. A module that
	// stands in one row only is used in one place only.
	modules string
	// pure packages do no I/O, know no clock, start no goroutine, write no
	// log, and use pure packages only.
	pure bool
	// random lets a pure package draw unguessable numbers.
	random bool
	// driver packages must be in the binary: imported by cmd/setu, and those
	// that the configuration names must stand in the table of its drivers.go.
	driver bool
}

// house is the import table. A new package needs a row here; HACKING.md tells
// how to choose its place. Rows whose folder does not exist yet say where the
// planned packages will stand.
func house() []row {
	return []row{
		{pkg: "internal/panics"},
		{pkg: "i18n", pure: true, modules: "golang.org/x/text"},

		{pkg: "ledgerclient", uses: "i18n", pure: true, random: true, modules: "github.com/gowebpki/jcs golang.org/x/mod"},
		{pkg: "ledgerclient/jwks", pure: true},
		{pkg: "ledgerclient/circuit", uses: "ledgerclient", modules: "github.com/sony/gobreaker"},
		{
			pkg: "ledgerclient/keys", uses: "i18n ledgerclient",
			modules: "filippo.io/age github.com/miekg/pkcs11 golang.org/x/mod",
		},
		{pkg: "ledgerclient/contracts", uses: "i18n ledgerclient", pure: true},
		{pkg: "ledgerclient/sandbox/synthetic", uses: "i18n ledgerclient ledgerclient/contracts"},
		{
			pkg: "ledgerclient/sandbox", driver: true,
			uses:    "i18n ledgerclient ledgerclient/contracts ledgerclient/keys ledgerclient/sandbox/synthetic",
			modules: "github.com/tidwall/btree golang.org/x/mod",
		},
		{pkg: "ledgerclient/fabric/protocol", uses: "ledgerclient", pure: true},
		{
			pkg: "ledgerclient/fabric/contract", uses: "ledgerclient ledgerclient/contracts ledgerclient/fabric/protocol",
			modules: "github.com/hyperledger/fabric-chaincode-go " + fabricModules,
		},
		{
			pkg: "ledgerclient/fabric", uses: "ledgerclient ledgerclient/fabric/protocol", driver: true,
			modules: "github.com/hyperledger/fabric-gateway " + fabricModules,
		},
		{pkg: "ledgerclient/rest/httpsig", uses: "ledgerclient", modules: "github.com/dunglas/httpsfv"},
		{pkg: "ledgerclient/rest", uses: "i18n ledgerclient ledgerclient/rest/httpsig", driver: true, modules: "github.com/dunglas/httpsfv"},
		{
			pkg: "ledgerclient/rest/baas", uses: "internal/panics ledgerclient ledgerclient/jwks ledgerclient/keys ledgerclient/rest ledgerclient/rest/httpsig",
			modules: "github.com/dunglas/httpsfv golang.org/x/sync golang.org/x/time",
		},
		{pkg: "ledgerclient/ledgertest", uses: "i18n ledgerclient ledgerclient/contracts ledgerclient/keys", modules: "github.com/google/go-cmp"},

		{pkg: "gateway", uses: "i18n ledgerclient", pure: true},
		{pkg: "gateway/crashpoint"},
		{pkg: "channels", uses: "gateway"},
		{pkg: "channels/sms", uses: "i18n", pure: true, modules: "github.com/rivo/uniseg"},
		{pkg: "gateway/catalogue", uses: "i18n ledgerclient gateway", pure: true, modules: "github.com/goccy/go-yaml github.com/rivo/uniseg"},
		{pkg: "gateway/internal/object", uses: "", pure: true},
		{pkg: "gateway/packed", uses: "i18n gateway gateway/internal/object", pure: true},
		{pkg: "gateway/dialogue", uses: "i18n ledgerclient gateway gateway/catalogue gateway/packed", pure: true, modules: "github.com/rivo/uniseg"},
		{pkg: "gateway/turn", uses: "internal/panics i18n ledgerclient gateway gateway/packed gateway/crashpoint channels"},
		{pkg: "gateway/outbox", uses: "internal/panics i18n ledgerclient gateway gateway/crashpoint channels", modules: "golang.org/x/time"},
		{pkg: "gateway/follow", uses: "internal/panics ledgerclient gateway"},
		{pkg: "gateway/audit/proof", uses: "i18n ledgerclient ledgerclient/jwks", pure: true, modules: "golang.org/x/mod"},
		{pkg: "gateway/sqlite", uses: "internal/panics i18n ledgerclient gateway gateway/internal/object gateway/packed gateway/crashpoint gateway/audit/proof", driver: true, modules: "github.com/mattn/go-sqlite3"},
		{pkg: "gateway/storetest", uses: "i18n ledgerclient gateway gateway/packed gateway/audit/proof", modules: "github.com/google/go-cmp pgregory.net/rapid"},
		{pkg: "gateway/audit", uses: "i18n ledgerclient gateway gateway/audit/proof", modules: "golang.org/x/mod"},
		{pkg: "gateway/operators"},
		{pkg: "gateway/billing", uses: "i18n ledgerclient gateway", pure: true, modules: "github.com/goccy/go-yaml"},
		{pkg: "gateway/console", uses: "i18n ledgerclient gateway gateway/operators", modules: "github.com/gofiber/fiber github.com/prometheus/client_golang"},

		{pkg: "channels/smpp", modules: "golang.org/x/time"},
		{pkg: "channels/smppsms", uses: "i18n gateway gateway/crashpoint channels channels/sms channels/smpp", driver: true, modules: "golang.org/x/time"},
		{pkg: "channels/twiliosms", uses: "i18n gateway channels channels/sms", driver: true, modules: "github.com/twilio/twilio-go"},

		{pkg: "ussd", uses: "i18n gateway gateway/catalogue channels/sms", pure: true, modules: "github.com/rivo/uniseg"},
		{pkg: "ussd/ussdsmpp", uses: "i18n gateway channels channels/sms channels/smpp ussd", driver: true, modules: "github.com/goccy/go-yaml"},
		{
			pkg: "ussd/ussdhttp", uses: "i18n gateway channels channels/sms ussd", driver: true,
			modules: "github.com/gofiber/fiber github.com/valyala/fasthttp github.com/goccy/go-yaml",
		},

		{pkg: "ivr/speech", uses: "i18n", pure: true},
		{pkg: "ivr", uses: "i18n gateway gateway/catalogue ivr/speech", pure: true},
		{pkg: "gateway/conversation", uses: "i18n ledgerclient gateway gateway/catalogue gateway/packed gateway/dialogue ussd ivr"},
		{pkg: "ivr/g711", pure: true},
		{pkg: "ivr/voice", uses: "i18n ivr/g711 ivr/speech", modules: "golang.org/x/sync"},
		{pkg: "ivr/rtp", uses: "ivr/g711"},
		{pkg: "ivr/sdp", pure: true},
		{pkg: "ivr/callback", uses: "i18n gateway channels"},
		{pkg: "ivr/conductor", uses: "internal/panics i18n gateway channels ivr ivr/speech ivr/voice"},
		{pkg: "ivr/ivrsip", uses: "i18n gateway channels ivr ivr/speech ivr/voice ivr/rtp ivr/conductor ivr/sdp", driver: true, modules: "github.com/emiago/sipgo github.com/icholy/digest golang.org/x/time"},
		{pkg: "ivr/ivrtwiml", uses: "i18n gateway channels ivr ivr/speech ivr/voice ivr/conductor", driver: true, modules: "github.com/twilio/twilio-go github.com/gofiber/fiber"},
		{pkg: "ivr/ivrari", uses: "internal/panics i18n gateway ivr/voice ivr/rtp ivr/conductor", driver: true, modules: "github.com/gorilla/websocket"},

		{pkg: "mobileapi/client", modules: "github.com/goccy/go-yaml"},
		{pkg: "mobileapi/handset", uses: "gateway channels ivr/voice ivr/conductor", modules: "github.com/gofiber/fiber"},
		{pkg: "mobileapi/app", modules: "github.com/gofiber/fiber github.com/valyala/fasthttp"},
		{
			pkg: "mobileapi", uses: "internal/panics i18n ledgerclient ledgerclient/rest/httpsig gateway gateway/catalogue channels mobileapi/client",
			modules: "github.com/gofiber/fiber github.com/valyala/fasthttp github.com/goccy/go-yaml github.com/gorilla/websocket",
		},

		// The handset and the load generator are clients of a gateway: they
		// know its wire, not its inside.
		{pkg: "cmd/setu/internal/softphone", uses: "ivr/rtp ivr/sdp", modules: "github.com/emiago/sipgo"},
		{
			pkg: "cmd/setu/internal/phone", uses: "i18n channels/sms channels/smpp ivr/g711 ivr/rtp ivr/voice cmd/setu/internal/softphone",
			modules: "github.com/charmbracelet/bubbletea github.com/charmbracelet/lipgloss github.com/rivo/uniseg",
		},
		{pkg: "cmd/setu/internal/bench", uses: "i18n channels/sms channels/smpp ivr/rtp cmd/setu/internal/softphone", modules: "github.com/gorilla/websocket golang.org/x/sync"},

		// cmd wires everything together and may use all of it.
		// Who checks a proof trusts this command, so it leans on little.
		{pkg: "cmd/setu-verify", uses: "i18n ledgerclient gateway/audit/proof"},
		{pkg: "cmd/setu/...", uses: "...", modules: commandModules},

		{pkg: "test/fabricnet/...", uses: "...", modules: "github.com/hyperledger/fabric-gateway golang.org/x/sync " + fabricModules},
		{pkg: "test/e2e", uses: "...", modules: fabricModules},
		{pkg: "test/aritest", modules: "github.com/gorilla/websocket"},
		{pkg: "test/siptest", uses: "...", modules: "github.com/emiago/sipgo"},
		{pkg: "test/fault", uses: "...", modules: fabricModules},
		{pkg: "test/...", uses: "..."},
	}
}

// fabricModules are what all that speaks to Fabric needs: its messages, and the
// wire that they go over.
const fabricModules = "github.com/hyperledger/fabric-protos-go-apiv2 google.golang.org/grpc google.golang.org/protobuf"

// commandModules are the modules of the binary's own files: flags, the
// configuration file, the two HTTP listeners.
const commandModules = "github.com/alecthomas/kong github.com/goccy/go-yaml github.com/gofiber/fiber " +
	"github.com/prometheus/client_golang github.com/gorilla/websocket golang.org/x/sync golang.org/x/time golang.org/x/term"

// testModules may be imported by any package's tests.
const testModules = "github.com/google/go-cmp pgregory.net/rapid go.uber.org/goleak github.com/rogpeppe/go-internal"

// peerModules are implementations by others that tests compare ours with or
// connect to: by package.
func peerModules(pkg string) string {
	switch {
	case pkg == "mobileapi":
		return "github.com/gorilla/websocket github.com/santhosh-tekuri/jsonschema github.com/goccy/go-yaml"
	case pkg == "ledgerclient":
		return "github.com/gowebpki/jcs"
	case pkg == "channels/smpp":
		return "github.com/fiorix/go-smpp"
	case strings.HasPrefix(pkg, "test/"):
		return "github.com/fiorix/go-smpp github.com/emiago/sipgo"
	case strings.HasPrefix(pkg, "ledgerclient/rest"):
		return "github.com/remitly-oss/httpsig-go github.com/santhosh-tekuri/jsonschema github.com/goccy/go-yaml"
	case pkg == "ivr/ivrtwiml":
		return "github.com/beevik/etree"
	case pkg == "cmd/setu/internal/phone":
		return "github.com/emiago/sipgo"
	case pkg == "gateway/catalogue" || strings.HasPrefix(pkg, "ussd/"):
		return "github.com/santhosh-tekuri/jsonschema"
	}
	return ""
}
