#pragma once

#include "pool/job.h"

namespace howdah::pool {

// A queue of jobs linked through themselves; never allocates.
class JobList {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  Job* front() const { return first_; }

  void push_back(Job& job) { insert(job, last_, nullptr); }
  void push_front(Job& job) { insert(job, nullptr, first_); }
  void remove(Job& job) {
    (job.previous != nullptr ? job.previous->next : first_) = job.next;
    (job.next != nullptr ? job.next->previous : last_) = job.previous;
    job.previous = job.next = nullptr;
    --size_;
  }

 private:
  void insert(Job& job, Job* before, Job* after) {
    job.previous = before;
    job.next = after;
    (before != nullptr ? before->next : first_) = &job;
    (after != nullptr ? after->previous : last_) = &job;
    ++size_;
  }
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace howdah::pool
