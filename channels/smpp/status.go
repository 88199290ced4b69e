package smpp

import "fmt"

// Status is the command_status of a response (§5.1.3). The zero value is ESME_ROK.
type Status uint32

// Statuses of SMPP 3.4, table 5-2. The names are those of the standard without the
// ESME_ prefix; RInvTLVStream is called ESME_RINVOPTPARSTREAM there and got its
// present name in 5.0.
const (
	ROK              Status = 0x00
	RInvMsgLen       Status = 0x01
	RInvCmdLen       Status = 0x02
	RInvCmdID        Status = 0x03
	RInvBndSts       Status = 0x04
	RAlyBnd          Status = 0x05
	RInvPrtFlg       Status = 0x06
	RInvRegDlvFlg    Status = 0x07
	RSysErr          Status = 0x08
	RInvSrcAdr       Status = 0x0A
	RInvDstAdr       Status = 0x0B
	RInvMsgID        Status = 0x0C
	RBindFail        Status = 0x0D
	RInvPaswd        Status = 0x0E
	RInvSysID        Status = 0x0F
	RCancelFail      Status = 0x11
	RReplaceFail     Status = 0x13
	RMsgQFul         Status = 0x14
	RInvSerTyp       Status = 0x15
	RInvNumDests     Status = 0x33
	RInvDLName       Status = 0x34
	RInvDestFlag     Status = 0x40
	RInvSubRep       Status = 0x42
	RInvESMClass     Status = 0x43
	RCntSubDL        Status = 0x44
	RSubmitFail      Status = 0x45
	RInvSrcTON       Status = 0x48
	RInvSrcNPI       Status = 0x49
	RInvDstTON       Status = 0x50
	RInvDstNPI       Status = 0x51
	RInvSysTyp       Status = 0x53
	RInvRepFlag      Status = 0x54
	RInvNumMsgs      Status = 0x55
	RThrottled       Status = 0x58
	RInvSched        Status = 0x61
	RInvExpiry       Status = 0x62
	RInvDftMsgID     Status = 0x63
	RXTAppn          Status = 0x64
	RXPAppn          Status = 0x65
	RXRAppn          Status = 0x66
	RQueryFail       Status = 0x67
	RInvTLVStream    Status = 0xC0
	ROptParNotAllwd  Status = 0xC1
	RInvParLen       Status = 0xC2
	RMissingOptParam Status = 0xC3
	RInvOptParamVal  Status = 0xC4
	RDeliveryFailure Status = 0xFE
	RUnknownErr      Status = 0xFF
)

// String gives the standard's name, such as "ESME_RTHROTTLED", or "status 0x…" for
// a number that the standard leaves to vendors or reserves.
func (s Status) String() string {
	if name := s.name(); name != "" {
		return "ESME_" + name
	}
	return fmt.Sprintf("status 0x%08X", uint32(s))
}

// Temporary reports whether the same request may succeed later without a change:
// the peer is busy, throttles, or is out of order for now. Statuses of vendors never
// are.
func (s Status) Temporary() bool {
	return s == RThrottled || s == RMsgQFul || s == RXTAppn || s == RSysErr
}

// Congested reports whether the peer asks for a slower rate: ESME_RTHROTTLED or
// ESME_RMSGQFUL.
func (s Status) Congested() bool { return s == RThrottled || s == RMsgQFul }

func (s Status) name() string {
	if s < RInvTLVStream {
		return s.mandatoryName()
	}
	for _, known := range [...]struct {
		status Status
		name   string
	}{
		{RInvTLVStream, "RINVTLVSTREAM"},
		{ROptParNotAllwd, "ROPTPARNOTALLWD"},
		{RInvParLen, "RINVPARLEN"},
		{RMissingOptParam, "RMISSINGOPTPARAM"},
		{RInvOptParamVal, "RINVOPTPARAMVAL"},
		{RDeliveryFailure, "RDELIVERYFAILURE"},
		{RUnknownErr, "RUNKNOWNERR"},
	} {
		if known.status == s {
			return known.name
		}
	}
	return ""
}

// mandatoryName names the statuses below 0xC0, which are not about optional parameters.
func (s Status) mandatoryName() string {
	names := [...]string{
		ROK: "ROK", RInvMsgLen: "RINVMSGLEN", RInvCmdLen: "RINVCMDLEN", RInvCmdID: "RINVCMDID",
		RInvBndSts: "RINVBNDSTS", RAlyBnd: "RALYBND", RInvPrtFlg: "RINVPRTFLG",
		RInvRegDlvFlg: "RINVREGDLVFLG", RSysErr: "RSYSERR", RInvSrcAdr: "RINVSRCADR",
		RInvDstAdr: "RINVDSTADR", RInvMsgID: "RINVMSGID", RBindFail: "RBINDFAIL",
		RInvPaswd: "RINVPASWD", RInvSysID: "RINVSYSID", RCancelFail: "RCANCELFAIL",
		RReplaceFail: "RREPLACEFAIL", RMsgQFul: "RMSGQFUL", RInvSerTyp: "RINVSERTYP",
		RInvNumDests: "RINVNUMDESTS", RInvDLName: "RINVDLNAME", RInvDestFlag: "RINVDESTFLAG",
		RInvSubRep: "RINVSUBREP", RInvESMClass: "RINVESMCLASS", RCntSubDL: "RCNTSUBDL",
		RSubmitFail: "RSUBMITFAIL", RInvSrcTON: "RINVSRCTON", RInvSrcNPI: "RINVSRCNPI",
		RInvDstTON: "RINVDSTTON", RInvDstNPI: "RINVDSTNPI", RInvSysTyp: "RINVSYSTYP",
		RInvRepFlag: "RINVREPFLAG", RInvNumMsgs: "RINVNUMMSGS", RThrottled: "RTHROTTLED",
		RInvSched: "RINVSCHED", RInvExpiry: "RINVEXPIRY", RInvDftMsgID: "RINVDFTMSGID",
		RXTAppn: "RX_T_APPN", RXPAppn: "RX_P_APPN", RXRAppn: "RX_R_APPN", RQueryFail: "RQUERYFAIL",
	}
	if int(s) < len(names) {
		return names[s]
	}
	return ""
}
