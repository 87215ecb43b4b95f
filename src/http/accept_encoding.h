#pragma once

// Which content coding a client is sent (RFC 9110 12.5.3), out of those a server offers.

#include "base/content_coding.h"
#include "http/message.h"

namespace howdah::http {

struct NegotiatedCoding {
  base::ContentCoding coding = base::ContentCoding::kIdentity;
  // False when the client refuses identity and takes nothing that is offered. It is sent identity
  // all the same, as nginx does: a body it can read beats the 415 or 406 that the RFC leaves open.
  bool acceptable = true;
};

// The coding of `offered` with the highest weight, the earlier one among equals; identity only when
// the client weighs it higher or takes nothing else. Without the field, or when it is malformed,
// identity. Several fields count as one list; of a coding named twice the first weight counts.
NegotiatedCoding negotiate_coding(const RequestHead& head, const base::CodingList& offered);

}  // namespace howdah::http
