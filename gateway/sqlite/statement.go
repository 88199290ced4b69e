package sqlite

// query names a prepared statement. Those up to lastWrite belong to the writer,
// the others to the readers.
type query int

// The statements.
const (
	qBegin query = iota
	qCommit
	qRollback

	qAccept
	qCopy
	qKey
	qBackwards
	qUnaccept
	qTurn
	qNewSession
	qSession

	qPut
	qPutReceipt
	qReceiptFinal
	qRepeated
	qPutRequest
	qPutUndo

	qClaim
	qLease
	qExpire
	qMark
	qUnturned

	qMove
	qMoveReceipt
	qFinish
	qFinishPlain
	qUnlist
	qNext
	qLanes
	qEndReceipt
	qNeedless
	qPromote
	qHeld

	qFragments
	qPutFragment
	qJoin

	qDeliver
	qDelivered
	qPutEarly
	qEarly
	qDropEarly

	qCount
	qPayload

	qRequeue
	qVoid
	qForget
	qStaleNeedless

	qFollowed
	qPutFollowed
	qPutFinding
	qAwaited
	qOpenCall
	qLastCall
	qPutCall
	qMergeCall
	qCall
	qBeginCall
	qCountCall
	qCounted
	qMoveCall
	qDialling
	qPutUnheard
	qUnheard
	qHeard
	qPruneCalls
	qPruneCounts

	qStepOutbox
	qPruneOutbox
	qStepInbox
	qPruneInbox
	qPruneFragments
	qPruneEarly
	qAnyEarly
	qStepRequest
	qPruneRequest

	qPutOTP
	qOTP
	qTryOTP
	qDropOTP
	qAllowance
	qUse
	qPutDevice
	qDropDevice
	qOldest
	qTakeNonce
	qPutChange
	qKeep
	qPutProof
	qPruneChanges
	qPruneKept
	qPruneNonces
	qPruneAllowances

	qPutLeaves
	qSeen
	qSee
	qPutTile
	qPutCheckpoint
	lastWrite = qPutCheckpoint
)

const (
	rSession query = lastWrite + 1 + iota
	rAccepted
	rStanding
	rLinks
	rFragments
	rItem
	rList
	rListWaiting
	rWaiting
	rOldest
	rFollowed
	rFindings
	rDueCalls
	rCalls
	rOpenCalls
	rCallCounts
	rUnheard
	rMeters
	rDevice
	rDevices
	rChanges
	rKept
	rProof

	rLogSize
	rLeaves
	rTile
	rCheckpoints
	rLastCheckpoint
	rLastAnchored
	rByReceipt
	queries
)

// statement is the text of q; each stands in the file that uses it. Where one
// says +? the sign keeps SQLite from preparing it anew for each value that is
// bound, in the hope of a better plan.
func statement(q query) string {
	return [queries]string{
		qBegin: "BEGIN IMMEDIATE", qCommit: "COMMIT", qRollback: "ROLLBACK",

		qAccept: sqlAccept, qCopy: sqlCopy, qKey: sqlKey, qBackwards: sqlBackwards, qUnaccept: sqlUnaccept, qTurn: sqlTurn,
		qNewSession: sqlNewSession, qSession: sqlSession,

		qPut: sqlPut, qPutReceipt: sqlPutReceipt, qReceiptFinal: sqlReceiptFinal,
		qRepeated: sqlRepeated, qPutRequest: sqlPutRequest, qPutUndo: sqlPutUndo,

		qClaim: sqlClaim, qLease: sqlLease, qExpire: sqlExpire, qMark: sqlMark, qUnturned: sqlUnturned,

		qMove: sqlMove, qMoveReceipt: sqlMoveReceipt, qFinish: sqlFinish, qFinishPlain: sqlFinishPlain, qUnlist: sqlUnlist, qNext: sqlNext, qLanes: sqlLanes,
		qEndReceipt: sqlEndReceipt, qNeedless: sqlNeedless, qPromote: sqlPromote, qHeld: sqlHeld,

		qFragments: sqlFragments, qPutFragment: sqlPutFragment, qJoin: sqlJoin,

		qDeliver: sqlDeliver, qDelivered: sqlDelivered, qPutEarly: sqlPutEarly, qEarly: sqlEarly, qDropEarly: sqlDropEarly,

		qCount: sqlCount, qPayload: sqlPayload,

		qRequeue: sqlRequeue, qVoid: sqlVoid, qForget: sqlForget, qStaleNeedless: sqlStaleNeedless,

		qFollowed: sqlFollowed, qPutFollowed: sqlPutFollowed, qPutFinding: sqlPutFinding, qAwaited: sqlAwaited,
		qOpenCall: sqlOpenCall, qLastCall: sqlLastCall, qPutCall: sqlPutCall, qMergeCall: sqlMergeCall, qCall: sqlCall,
		qBeginCall: sqlBeginCall, qCountCall: sqlCountCall, qCounted: sqlCounted, qMoveCall: sqlMoveCall, qDialling: sqlDialling,
		qPutUnheard: sqlPutUnheard, qUnheard: sqlUnheard, qHeard: sqlHeard, qPruneCalls: sqlPruneCalls, qPruneCounts: sqlPruneCounts,

		qStepOutbox: sqlStepOutbox, qPruneOutbox: sqlPruneOutbox, qStepInbox: sqlStepInbox, qPruneInbox: sqlPruneInbox,
		qPruneFragments: sqlPruneFragments, qPruneEarly: sqlPruneEarly, qAnyEarly: sqlAnyEarly,
		qStepRequest: sqlStepRequest, qPruneRequest: sqlPruneRequest,

		qPutOTP: sqlPutOTP, qOTP: sqlOTP, qTryOTP: sqlTryOTP, qDropOTP: sqlDropOTP, qAllowance: sqlAllowance, qUse: sqlUse,
		qPutDevice: sqlPutDevice, qDropDevice: sqlDropDevice, qOldest: sqlOldest, qTakeNonce: sqlTakeNonce, qPutChange: sqlPutChange,
		qKeep: sqlKeep, qPutProof: sqlPutProof, qPruneChanges: sqlPruneChanges, qPruneKept: sqlPruneKept, qPruneNonces: sqlPruneNonces,
		qPruneAllowances: sqlPruneAllowances,

		qPutLeaves: sqlPutLeaves, qSeen: sqlSeen, qSee: sqlSee, qPutTile: sqlPutTile, qPutCheckpoint: sqlPutCheckpoint,

		rSession: sqlReadSession, rAccepted: sqlReadAccepted, rStanding: sqlReadStanding, rLinks: sqlReadLinks,
		rFragments: sqlReadFragments, rItem: sqlReadItem, rList: sqlReadList, rListWaiting: sqlReadListWaiting,
		rWaiting: sqlReadWaiting, rOldest: sqlReadOldest, rFollowed: sqlReadFollowed, rFindings: sqlReadFindings,
		rDueCalls: sqlReadDueCalls, rCalls: sqlReadCalls, rOpenCalls: sqlReadOpenCalls, rCallCounts: sqlReadCallCounts, rUnheard: sqlUnheard,
		rMeters: sqlReadMeters, rDevice: sqlReadDevice, rDevices: sqlReadDevices, rChanges: sqlReadChanges, rKept: sqlReadKept, rProof: sqlReadProof,

		rLogSize: sqlReadLogSize, rLeaves: sqlReadLeaves, rTile: sqlReadTile, rCheckpoints: sqlReadCheckpoints,
		rLastCheckpoint: sqlReadLastCheckpoint, rLastAnchored: sqlReadLastAnchored, rByReceipt: sqlReadByReceipt,
	}[q]
}
