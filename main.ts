// placeholder replaced in the next commit
console.log("postdock");
