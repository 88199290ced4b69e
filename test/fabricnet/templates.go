package fabricnet

import (
	"os"
	"path/filepath"
	"text/template"
)

// The configuration files of the commands. What Fabric 3.1 takes as a default
// when a key is absent is left out; keys that stand here with an unusual value
// are those without which no transaction commits, or which make a network ready
// in half a second in place of half a minute.

// render writes a template's output to a file, in folders that it makes.
func render(path, text string, data any) error {
	t, err := template.New(filepath.Base(path)).Parse(text)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := t.Execute(f, data); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

const cryptoConfigYAML = `OrdererOrgs:
  - Name: Orderer
    Domain: orderer.test
    EnableNodeOUs: true
    Specs:{{range .Orderers}}
      - {Hostname: {{.Name}}, SANS: [127.0.0.1, localhost]}{{end}}
PeerOrgs:{{range .Orgs}}
  - Name: {{.Name}}
    Domain: {{.Domain}}
    EnableNodeOUs: true
    Template: {Count: {{len .Peers}}, SANS: [127.0.0.1, localhost]}
    Users: {Count: 1}{{end}}
`

const configtxYAML = `Organizations:
  - &Orderer
    Name: Orderer
    ID: OrdererMSP
    MSPDir: {{.Crypto}}/ordererOrganizations/orderer.test/msp
    Policies:
      Readers: {Type: Signature, Rule: "OR('OrdererMSP.member')"}
      Writers: {Type: Signature, Rule: "OR('OrdererMSP.member')"}
      Admins: {Type: Signature, Rule: "OR('OrdererMSP.admin')"}
    OrdererEndpoints:{{range .Orderers}}
      - "{{.Address}}"{{end}}
{{range .Orgs}}  - &{{.Name}}
    Name: {{.Name}}
    ID: {{.MSP}}
    MSPDir: {{$.Crypto}}/peerOrganizations/{{.Domain}}/msp
    Policies:
      Readers: {Type: Signature, Rule: "OR('{{.MSP}}.admin', '{{.MSP}}.peer', '{{.MSP}}.client')"}
      Writers: {Type: Signature, Rule: "OR('{{.MSP}}.admin', '{{.MSP}}.client')"}
      Admins: {Type: Signature, Rule: "OR('{{.MSP}}.admin')"}
      Endorsement: {Type: Signature, Rule: "OR('{{.MSP}}.peer')"}
    AnchorPeers:
      - {Host: 127.0.0.1, Port: {{(index .Peers 0).Port}}}
{{end}}
Profiles:
  Channel:
    Policies: &Policies
      Readers: {Type: ImplicitMeta, Rule: "ANY Readers"}
      Writers: {Type: ImplicitMeta, Rule: "ANY Writers"}
      Admins: {Type: ImplicitMeta, Rule: "MAJORITY Admins"}
    Capabilities: {V3_0: true}
    Orderer:
      OrdererType: {{if .BFT}}BFT{{else}}etcdraft{{end}}
      BatchTimeout: {{.BatchTimeout}}
      BatchSize: {MaxMessageCount: {{.MaxMessages}}, AbsoluteMaxBytes: 10 MB, PreferredMaxBytes: 2 MB}
{{- if .BFT}}
      ConsenterMapping:{{range .Orderers}}
        - {ID: {{.ID}}, Host: 127.0.0.1, Port: {{.Port}}, MSPID: OrdererMSP, Identity: {{.Cert}}, ClientTLSCert: {{.TLS}}/server.crt, ServerTLSCert: {{.TLS}}/server.crt}{{end}}
      SmartBFT:
        RequestBatchMaxInterval: {{.BatchTimeout}}
        RequestForwardTimeout: 1s
        RequestComplainTimeout: 2s
        RequestAutoRemoveTimeout: 3m
        ViewChangeResendInterval: 1s
        ViewChangeTimeout: 5s
        LeaderHeartbeatTimeout: 5s
        CollectTimeout: 200ms
        IncomingMessageBufferSize: 200
        RequestPoolSize: 10000
        LeaderHeartbeatCount: 10
{{- else}}
      EtcdRaft:
        Consenters:{{range .Orderers}}
          - {Host: 127.0.0.1, Port: {{.Port}}, ClientTLSCert: {{.TLS}}/server.crt, ServerTLSCert: {{.TLS}}/server.crt}{{end}}
        Options: {TickInterval: 20ms, ElectionTick: 10, HeartbeatTick: 1, MaxInflightBlocks: 5, SnapshotIntervalSize: 16 MB}
{{- end}}
      Organizations: [*Orderer]
      Capabilities: {V2_0: true}
      Policies:
        <<: *Policies
        BlockValidation: {Type: ImplicitMeta, Rule: "ANY Writers"}
    Application:
      Organizations: [{{range $i, $o := .Orgs}}{{if $i}}, {{end}}*{{$o.Name}}{{end}}]
      Capabilities: {V2_5: true}
      Policies:
        <<: *Policies
        LifecycleEndorsement: {Type: ImplicitMeta, Rule: "MAJORITY Endorsement"}
        Endorsement: {Type: ImplicitMeta, Rule: "MAJORITY Endorsement"}
`

// The cluster's authorities must be listed: a node that has not joined a channel
// yet trusts nobody, and SmartBFT does not send again what was refused then.
const ordererYAML = `General:
  ListenAddress: 127.0.0.1
  ListenPort: {{.Port}}
  TLS:
    Enabled: true
    PrivateKey: {{.TLS}}/server.key
    Certificate: {{.TLS}}/server.crt
    RootCAs: [{{.TLS}}/ca.crt]
  Cluster:
    ClientCertificate: {{.TLS}}/server.crt
    ClientPrivateKey: {{.TLS}}/server.key
    RootCAs: [{{.TLS}}/ca.crt]
  BootstrapMethod: none
  LocalMSPDir: {{.MSPDir}}
  LocalMSPID: OrdererMSP
  BCCSP: {Default: SW, SW: {Hash: SHA2, Security: 256}}
  Authentication: {TimeWindow: 15m}
FileLedger: {Location: {{.Dir}}/ledger}
Operations: {ListenAddress: "127.0.0.1:{{.Operations}}"}
Metrics: {Provider: disabled}
Admin: {ListenAddress: "127.0.0.1:{{.Admin}}"}
ChannelParticipation: {Enabled: true, MaxRequestBodySize: 1 MB}
Consensus: {WALDir: {{.Dir}}/wal, SnapDir: {{.Dir}}/snapshots}
`

// Without orgLeader a peer never pulls a block, without externalEndpoint it
// finds no endorser, without discovery it has no gateway. The gossip intervals
// bring two organisations together in a second; the defaults take thirty. When
// aliveExpirationTimeout is left out it is five times aliveTimeInterval, within
// which a peer on a busy machine is taken for dead. Without pushAckTimeout an
// approval waits no time for an organisation's second peer, and fails.
const coreYAML = `peer:
  id: {{.Name}}
  networkId: setu
  listenAddress: {{.Address}}
  address: {{.Address}}
  chaincodeListenAddress: 127.0.0.1:{{.Chaincode}}
  gateway: {enabled: true, endorsementTimeout: 10s, broadcastTimeout: 10s, dialTimeout: 10s}
  gossip:
    bootstrap: {{.Bootstrap}}
    orgLeader: true
    useLeaderElection: false
    endpoint: {{.Address}}
    externalEndpoint: {{.Address}}
    reconnectInterval: 200ms
    aliveTimeInterval: 200ms
    aliveExpirationTimeout: 10s
    publishStateInfoInterval: 200ms
    requestStateInfoInterval: 200ms
    membershipTrackerInterval: 500ms
    pullInterval: 500ms
    digestWaitTime: 100ms
    requestWaitTime: 150ms
    responseWaitTime: 200ms
    pvtData:
      pushAckTimeout: 3s
      pullRetryThreshold: 2s
      transientstoreMaxBlockRetention: 20000
      implicitCollectionDisseminationPolicy: {requiredPeerCount: 0, maxPeerCount: 1}
  tls:
    enabled: true
    cert: {file: {{.TLS}}/server.crt}
    key: {file: {{.TLS}}/server.key}
    rootcert: {file: {{.TLS}}/ca.crt}
  authentication: {timewindow: 15m}
  fileSystemPath: {{.Dir}}/data
  BCCSP: {Default: SW, SW: {Hash: SHA2, Security: 256}}
  mspConfigPath: {{.MSPDir}}
  localMspId: {{.MSP}}
  deliveryclient: {reConnectBackoffThreshold: 500ms, minimalReconnectInterval: 50ms}
  handlers:
    authFilters: [{name: DefaultAuth}, {name: ExpirationCheck}, {name: TimeWindowCheck}]
    decorators: [{name: DefaultDecorator}]
    endorsers: {escc: {name: DefaultEndorsement}}
    validators: {vscc: {name: DefaultValidation}}
  discovery: {enabled: true}
  limits: {concurrency: {endorserService: 2500, deliverService: 2500, gatewayService: {{.InFlight}}}}
vm: {endpoint: ""}
chaincode:
  externalBuilders: [{name: ccaas, path: {{.Builder}}}]
  installTimeout: 30s
  startuptimeout: 5s
  executetimeout: 10s
  system: {_lifecycle: enable, cscc: enable, lscc: enable, qscc: enable}
  runtimeParams: {useWriteBatch: true, maxSizeWriteBatch: 1000, useGetMultipleKeys: true, maxSizeGetMultipleKeys: 1000}
ledger:
  state: {stateDatabase: goleveldb, totalQueryLimit: 100000}
  history: {enableHistoryDatabase: false}
  snapshots: {rootDir: {{.Dir}}/snapshots}
operations: {listenAddress: "127.0.0.1:{{.Operations}}"}
metrics: {provider: disabled}
`

// The builder for contracts that run as services of their own: three scripts.
var builderScripts = map[string]string{
	"detect":  "#!/bin/sh\ngrep -q '\"type\"[: ]*\"ccaas\"' \"$2/metadata.json\"\n",
	"build":   "#!/bin/sh\ncp \"$1/connection.json\" \"$3/\"\n",
	"release": "#!/bin/sh\nmkdir -p \"$2/chaincode/server\" && cp \"$1/connection.json\" \"$2/chaincode/server/\"\n",
}

func writeBuilder(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		return err
	}
	for name, script := range builderScripts {
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte(script), 0o700); err != nil {
			return err
		}
	}
	return nil
}
