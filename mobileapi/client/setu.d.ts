// Made of the description of the API by "go test ./mobileapi/client -update". Do not edit.

export type Lang = "bn" | "hi" | "en";

/** A key of this phone and its name at the service. */
export interface Kept {
  id: string;
  key: CryptoKey;
}

/** Where the key of this phone is kept. */
export interface Keys {
  load(): Promise<Kept | null>;
  save(kept: Kept | null): Promise<void>;
}

export class MemoryKeys implements Keys {
  load(): Promise<Kept | null>;
  save(kept: Kept | null): Promise<void>;
}

export class StoredKeys implements Keys {
  constructor(name?: string);
  load(): Promise<Kept | null>;
  save(kept: Kept | null): Promise<void>;
}

export class Problem extends Error {
  code: ProblemDetails["code"];
  status: number;
  hint?: string;
  retryAfter?: number;
}

export class Offline extends Error {}

export class Setu {
  constructor(options: { url: string; lang?: Lang; keys?: Keys; fetch?: typeof fetch });
  lang: Lang;
  static newKey(): string;
  services(): Promise<ServiceList>;
  form(service: string, inputs: Record<string, string>, options?: { confirm?: boolean; key?: string }): Promise<Answer>;
  rest(session: string, inputs: Record<string, string>, options?: { confirm?: boolean; key?: string }): Promise<Answer>;
  begin(service?: string, options?: { key?: string }): Promise<Answer>;
  step(session: string, input: string, options?: { key?: string }): Promise<Answer>;
  operation(receipt: string): Promise<Operation>;
  receipt(receipt: string): Promise<Receipt>;
  proof(receipt: string): Promise<LogProof>;
  checkFile(file: Blob | ArrayBuffer | ArrayBufferView): Promise<Answer>;
  sendOTP(number: string): Promise<OTPSent>;
  logIn(number: string, otp: string, name?: string): Promise<Device>;
  device(): Promise<string | null>;
  devices(): Promise<Devices>;
  removeDevice(id: string): Promise<void>;
  preferences(): Promise<Preferences>;
  setPreferences(preferences: Preferences): Promise<Preferences>;
  changes(since?: string, wait?: number): Promise<Changes>;
  follow(since?: string, options?: { signal?: AbortSignal; WebSocket?: typeof WebSocket }): AsyncGenerator<Changes>;
}

/** Throws if a proof does not hold; block is that of the ledger which holds the checkpoint. */
export function checkProof(proof: LogProof): Promise<{
  decision: Record<string, string>;
  outcome?: Record<string, string>;
  block?: number;
}>;

export interface ServiceList {
  lang: "bn" | "hi" | "en";
  services: Service[];
}

export interface Service {
  id: string;
  version: string;
  title: string;
  about: string;
  /** Only open services work without a login. */
  access: "open" | "number" | "pin" | "device";
  /** The first is where it begins. */
  steps: Step[];
}

export interface Step {
  id: string;
  /** The question, with slots such as {card} for inputs that were given before. */
  prompt?: string;
  input?: Input;
  /** The step behind the input. */
  next?: string;
  call?: "query" | "transaction";
  /** What she says yes to before the transaction, with slots. */
  confirm?: string;
  /** For how long it can be taken back. */
  undo_seconds?: number;
  /** Steps that an answer may lead to. */
  then?: string[];
}

export interface Input {
  /** Of the input in a form. */
  name?: string;
  type: "digits" | "number" | "money" | "date" | "choice" | "item" | "text" | "phone" | "hash" | "host" | "code" | "pin" | "confirm";
  min_length?: number;
  max_length?: number;
  min?: string;
  max?: string;
  decimals?: number;
  when?: "past" | "future";
  /** Rule of the check digit. */
  check?: string;
  /** A is a letter, 9 a digit, anything else itself. */
  pattern?: string;
  options?: Option[];
}

export interface Option {
  value: string;
  label: string;
  /** The step that it leads to. */
  next?: string;
}

export interface Talk {
  /** That the last answer gave. */
  session?: string;
  /** Begins this service. */
  service?: string;
  /** By the names of the inputs. */
  inputs?: Record<string, string>;
  /** She has seen what the transaction does and said yes. */
  confirm?: boolean;
  /** One answer of a dialogue that goes step by step. */
  input?: string;
}

export interface Answer {
  /** asking: go on with the session. answered: this is the answer. recorded: a transaction is on the ledger, and what was asked is done. refused: the contract did not do it, and nothing is on the ledger; code and prompt say why. received: a transaction is kept and will be recorded. later: the answer to a question follows in the changes. */
  state: "asking" | "answered" | "recorded" | "refused" | "received" | "later";
  session?: string;
  /** What to show. */
  prompt: string;
  options?: Option[];
  input?: Input;
  /** The input 0 leads back. */
  back?: boolean;
  /** The dialogue is over. */
  end: boolean;
  /** The contract's outcome, such as found or done. */
  code?: string;
  receipt?: string;
  /** The same citizen has asked for the same before, on whatever channel: nothing was signed, and receipt, operation and code are those of the first time. The state is asking: the first option leaves it at that, the second does it once more. */
  repeated?: boolean;
  /** Where to look for the outcome. */
  operation?: string;
  /** The values in the prompt, for programs: amounts in rupees, dates as 2026-11-22. */
  values?: Record<string, string>;
  as_of?: AsOf;
}

/** The block that the answer was read at. */
export interface AsOf {
  block: number;
  time: string;
}

export interface Operation {
  receipt: string;
  /** recorded: it is on the ledger, and what was asked is done. refused: it is not done, and never will be. */
  state: "waiting" | "recorded" | "refused" | "withdrawn" | "held";
  service?: string;
  prompt: string;
  /** Nothing is to be waited for any more. What is recorded can still be taken back: then its state is withdrawn. */
  done: boolean;
  code?: string;
  /** That holds it; left out unless it is recorded. */
  block?: number;
  at?: string;
}

export interface Receipt {
  receipt: string;
  /** recorded: it is on the ledger, and what was asked is done. refused: it is not done, and never will be. */
  state: "waiting" | "recorded" | "refused" | "withdrawn" | "held";
  service?: string;
  prompt: string;
  done: boolean;
  code?: string;
  /** That holds it; left out unless it is recorded. */
  block?: number;
  at?: string;
  /** Where its proof is. */
  proof?: string;
  device?: Proof;
}

/** The file that setu-verify reads. */
export interface LogProof {
  version: string;
  receipt: string;
  /** Of the decision, and of the outcome once it has come. */
  leaves: LogLeaf[];
  /** A signed note: origin, number of leaves, root, time, and signature in lines. */
  checkpoint: string;
  anchor?: LogAnchor;
}

export interface LogLeaf {
  index: number;
  /** JSON, as it is hashed. */
  leaf: string;
  /** Hashes from the leaf to the root in base64 (RFC 6962 section 2.1.1). */
  path: string[];
}

/** The transaction that brings the checkpoint to the ledger. */
export interface LogAnchor {
  size: number;
  root: string;
  receipt: string;
  /** recorded once the ledger holds it. */
  state: string;
  block?: number;
  tx?: string;
}

/** The phone's signature, and the salted hash of it that the envelope on the ledger holds. */
export interface Proof {
  salt: string;
  /** Public key, signed octets and signature in base64url, with dots between. */
  opening: string;
  /** sha256: and SHA-256 in hexadecimal of salt, a zero octet and opening. */
  sealed: string;
}

export interface Changes {
  changes: Change[];
  /** For since the next time. */
  cursor: string;
  /** Ask again at once. */
  more?: boolean;
}

export interface Change {
  id: string;
  class: "answer" | "receipt" | "result" | "notice";
  service?: string;
  prompt: string;
  at: string;
  /** As in an answer; left out where nothing was asked. */
  state?: "answered" | "recorded" | "refused" | "received" | "later";
  code?: string;
  receipt?: string;
  operation?: string;
  as_of?: AsOf;
}

export interface Ticket {
  ticket: string;
  expires: string;
}

export interface Preferences {
  /** Of SMS and calls; requests to this API say their own. */
  lang: "bn" | "hi" | "en";
  /** She is sent SMS; false is what STOP by SMS does. What comes among the changes comes either way. */
  messages: boolean;
}

export interface OTPRequest {
  /** A mobile number: ten digits, or +91 and ten digits. */
  number: string;
}

export interface OTPSent {
  expires: string;
  digits: number;
  /** The password itself; in a sandbox only. */
  sandbox_otp?: string;
}

export interface Bind {
  number: string;
  otp: string;
  key: JWK;
  /** Of the phone, as its owner knows it; 40 characters. */
  name?: string;
}

/** A public key as WebCrypto exports it. */
export interface JWK {
  kty: "EC";
  crv: "P-256";
  x: string;
  y: string;
  ext?: boolean;
  key_ops?: string[];
}

export interface Devices {
  devices: Device[];
}

export interface Device {
  /** The keyid of its signatures: the thumbprint of its key (RFC 7638). */
  id: string;
  name: string;
  added: string;
  /** It is the one that asks. */
  current?: boolean;
}

export interface ProblemDetails {
  type: string;
  /** For the citizen, in her language. */
  title: string;
  status: number;
  code: "bad-request" | "not-json" | "too-large" | "not-found" | "method-not-allowed" | "unknown-service" | "unknown-receipt" | "no-proof" | "no-dialogue" | "log-in" | "no-answer" | "busy" | "too-many" | "signature-missing" | "signature-invalid" | "signature-clock" | "signature-replayed" | "device-unknown" | "bad-number" | "otp-limit" | "otp-wrong" | "otp-gone" | "key-missing" | "key-reused" | "key-busy" | "ticket-gone" | "upgrade-required";
  /** For the developer, in English. */
  hint?: string;
  /** Seconds. */
  retry_after?: number;
}

