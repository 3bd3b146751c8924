# Pages of errors.
error-not-found = Page not found
error-not-found-text = There is no such page, or it is not for you.
error-refused = This could not be done
error-refused-text = The form was too old or did not come from this site. Go back, load the page again, and try once more.
error-bad-request = This cannot be read
error-bad-request-text = The form was not filled in as it should be. Go back and try again.
error-failed = Something went wrong
error-failed-text = It is not your fault and nothing is lost. Try again in a minute. What is near its time goes to the authority by itself.
error-busy = Too many at once
error-busy-text = Try again in a minute.
