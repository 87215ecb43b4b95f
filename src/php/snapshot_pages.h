#pragma once

// Memory that requests touch, made ready in a fork that waits.
//
// A fork shares its template's pages: the first write to each, and the first look at each piece of
// a file or of OPcache's memory, is a fault, and hundreds of them cost a request more than most of
// its PHP. Requests of one script touch much the same pages. So now and then a fork looks, at its
// end, at what it has touched, and those that are forked after that populate the same ranges, in
// bulk and before they have a request. Content never changes: a wrong list is a waste, no more.
//
// The list is shared among the forks of one template, without a lock: who reads it while it is
// written populates something else. No PHP header.

#include "base/result.h"
#include "channel/shared_memory.h"

namespace howdah::php {

class SnapshotPages {
 public:
  // In the template, before its first fork: shared memory that it uses much of is put into huge
  // pages, where the kernel can (Linux 6.1). Changes nothing that a program sees.
  static void arrange();
  // The same; its list. After a failure, or without it, the rest does nothing.
  base::Status share();
  // In a fork that has no request yet. Does nothing where the kernel cannot (before Linux 5.14).
  void populate();
  // In a fork that has populated and now ends. Only some do look: they have populated nothing.
  void look() const;

 private:
  struct List;
  List* list() const { return static_cast<List*>(mapping_.data()); }
  channel::Mapping mapping_;
  bool looks_ = false;  // in a fork: whether it is one of those
};

}  // namespace howdah::php
